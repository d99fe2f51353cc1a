import Foundation
import GRPCCore
import NIOCore
import PolyphonyGRPC
import Testing

/// Requests and answers keep their meaning between the two forms.
@Suite struct InferenceBodyTests {
  private static let request = Inference_ModelInferRequest.with {
    $0.id = "first"
    $0.parameters = [
      "sequence_id": .with { $0.int64Param = .max }, "sequence_start": .with { $0.boolParam = true },
      "binary_data_output": .with { $0.boolParam = false },
    ]
    $0.inputs = [
      .with { ($0.name, $0.datatype, $0.shape) = ("imu", "FP32", [1, 2]) },
      .with { ($0.name, $0.datatype, $0.shape) = ("text", "BYTES", [1]) },
    ]
    $0.outputs = [.with { $0.name = "label" }]
    $0.rawInputContents = [Data(repeating: 7, count: 8), Data([1, 0, 0, 0, 65])]
  }

  @Test func theDocumentNamesWhatFollows() throws {
    let body = try InferenceBody(Self.request)
    let bytes = Array(body.bytes.readableBytesView)
    let document = try JSONSerialization.jsonObject(with: Data(bytes.prefix(body.documentLength))) as? NSDictionary
    let expected: NSDictionary = [
      "id": "first",
      "parameters": ["sequence_id": Int64.max, "sequence_start": true, "binary_data_output": true],
      "inputs": [
        ["name": "imu", "datatype": "FP32", "shape": [1, 2], "parameters": ["binary_data_size": 8]],
        ["name": "text", "datatype": "BYTES", "shape": [1], "parameters": ["binary_data_size": 5]],
      ],
      "outputs": [["name": "label", "parameters": ["binary_data": true]]],
    ]
    #expect(document == expected)
    #expect(Array(bytes.dropFirst(body.documentLength)) == [UInt8](repeating: 7, count: 8) + [1, 0, 0, 0, 65])
  }

  @Test func halfOfTheBytesIsRefused() throws {
    var request = Self.request
    request.rawInputContents.removeLast()
    let error = #expect(throws: RPCError.self) { try InferenceBody(request) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.hasPrefix("raw_input_contents: there are 1 for 2 inputs") == true)
  }

  @Test func elementsInTwoPlacesAreRefused() throws {
    var request = Self.request
    request.inputs[1].contents.bytesContents = [Data([65])]
    #expect(throws: RPCError.self) { try InferenceBody(request) }
  }

  @Test func aNumberThatJSONLacksIsRefused() throws {
    var request = Self.request
    request.parameters["scale"] = .with { $0.doubleParam = .infinity }
    let error = #expect(throws: RPCError.self) { try InferenceBody(request) }
    #expect(error?.code == .invalidArgument)
  }

  @Test func anAnswerIsRead() throws {
    let document = """
      {"model_name":"base","model_version":"1","id":"first","parameters":{"sequence_id":"7"},"outputs":[
      {"name":"prediction","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}},
      {"name":"label","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":5}}]}
      """
    let body = ByteBuffer(bytes: Array(document.utf8) + [UInt8](1...8) + [1, 0, 0, 0, 65])
    let answer = try Inference_ModelInferResponse(body, documentLength: document.utf8.count)
    #expect(answer.modelName == "base" && answer.modelVersion == "1" && answer.id == "first")
    #expect(answer.parameters["sequence_id"]?.stringParam == "7")
    #expect(answer.outputs.map(\.shape) == [[1, 2], [1]])
    #expect(answer.rawOutputContents == [Data(1...8), Data([1, 0, 0, 0, 65])])
    for length in [-1, document.utf8.count - 1, body.readableBytes, body.readableBytes + 1] {
      #expect(throws: RPCError.self) { try Inference_ModelInferResponse(body, documentLength: length) }
    }
    let cut = try #require(body.getSlice(at: 0, length: body.readableBytes - 1))
    #expect(throws: RPCError.self) {
      try Inference_ModelInferResponse(cut, documentLength: document.utf8.count)
    }
  }
}
