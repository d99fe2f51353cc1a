import Foundation
import Testing

@testable import PolyphonyService
@testable import PolyphonySupport

/// Documents of earlier requests answer for the same bytes alone, and never bring the values of another request.
@Suite struct RequestDocumentTests {
  private func document(_ name: String, _ more: String = "") -> [UInt8] {
    Array(
      ("{\"inputs\": [{\"name\": \"\(name)\", \"datatype\": \"UINT8\", \"shape\": [1, 2], "
        + "\"parameters\": {\"binary_data_size\": 2}}]\(more)}").utf8)
  }

  private func request(
    _ document: [UInt8], _ values: [UInt8], _ known: RequestDocuments, stream: String? = nil
  ) throws(HTTPError) -> InferenceRequest {
    try InferenceRequest(document + values, headerLength: "\(document.count)", stream: stream, known: known)
  }

  @Test func aRepeatedDocumentHasTheValuesOfItsOwnRequest() throws {
    let known = RequestDocuments()
    // More documents than are kept, each more than once.
    for round in 0..<3 {
      for place in 0..<40 {
        let values = [UInt8(round), UInt8(place)]
        let inference = try request(document("input\(place)"), values, known)
        #expect(inference.inputs[0].name == "input\(place)" && inference.inputs[0].shape == [1, 2])
        guard case .bytes(let bytes) = inference.inputs[0].elements else {
          Issue.record("the input has no bytes")
          return
        }
        #expect(Array(bytes) == values)
      }
    }
  }

  @Test func aRepeatedDocumentBelongsToTheStreamOfItsOwnRequest() throws {
    let known = RequestDocuments()
    for stream in ["one", nil, "two"] {
      let inference = try request(document("x"), [1, 2], known, stream: stream)
      #expect(inference.sequence?.id == stream)
    }
    let named = document("x", ", \"parameters\": {\"sequence_id\": 7, \"sequence_start\": true}")
    for _ in 0..<2 {
      let inference = try request(named, [1, 2], known)
      #expect(inference.sequence?.id == "7" && inference.sequence?.starts == true)
      #expect(throws: HTTPError.self) { try request(named, [1, 2], known, stream: "8") }
    }
  }

  @Test func bytesThatDoNotFitAreRefusedEveryTime() throws {
    let known = RequestDocuments()
    let document = document("x")
    for values in [[1, 2], [1], [], [1, 2, 3], [1, 2]] as [[UInt8]] {
      let inference = try? request(document, values, known)
      #expect((inference != nil) == (values.count == 2))
    }
  }

  @Test func aDocumentWithANameOrValuesOfItsOwnIsNotRepeated() throws {
    #expect(try RequestDocument(document("x")[...]).isRepeated)
    #expect(try !RequestDocument(document("x", ", \"id\": \"1\"")[...]).isRepeated)
    let values = "{\"inputs\": [{\"name\": \"x\", \"datatype\": \"FP32\", \"shape\": [1], \"data\": [1.5]}]}"
    #expect(try !RequestDocument(Array(values.utf8)[...]).isRepeated)
  }
}
