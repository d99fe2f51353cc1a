import Foundation
import Testing

@testable import PolyphonyService
@testable import PolyphonySupport

/// Every request that a client gets wrong has an answer that names the place, and the next request is served.
@Suite struct BadRequestTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let body: String
    let mentions: [String]
    var fields: [String] = []
    var status = 400

    init(_ name: String, _ body: String, _ mentions: String..., fields: [String] = [], status: Int = 400) {
      (self.name, self.body, self.mentions, self.fields, self.status) = (name, body, mentions, fields, status)
    }

    var testDescription: String { name }
  }

  private static let data = "\"data\": [1, 2, 3, 4, 5, 6]"
  /// An input with six numbers, in which a test changes one thing.
  private static func imu(
    name: String = "\"imu\"", type: String = "\"FP32\"", shape: String = "[1, 6]", _ data: String = data
  ) -> String {
    "{\"name\": \(name), \"datatype\": \(type), \"shape\": \(shape), \(data)}"
  }
  private static func request(_ inputs: String..., more: String = "") -> String {
    "{\"inputs\": [\(inputs.joined(separator: ", "))]\(more)}"
  }
  private static let ten = (0..<10).map { "\($0)" }.joined(separator: ", ")

  static let cases: [Case] = [
    Case("nothing", "", "not valid JSON"), Case("no JSON", "{", "line 1, column 2"),
    Case("a list", "[]", "an object"), Case("no inputs", "{}", "inputs"),
    Case("empty inputs", request(), "inputs"), Case("inputs that are no list", "{\"inputs\": 3}", "inputs"),
    Case("an input that is no object", request("3"), "inputs[0].name"),
    Case("a key twice", "{\"inputs\": [], \"inputs\": []}", "twice"),
    Case("no name", request("{}"), "inputs[0].name"), Case("an empty name", request(imu(name: "\"\"")), ".name"),
    Case("a name that is a number", request(imu(name: "3")), ".name"),
    Case("an unknown name", request(imu(name: "\"imy\"")), "imy", "imu, audio"),
    Case("a name with control characters", request(imu(name: "\"\\u0000\\u001b[2J\"")), "\\u{0}"),
    Case("an input twice", request(imu(), imu()), "inputs[1].name"),
    Case("an unknown type", request(imu(type: "\"FLOAT\"")), ".datatype", "FP32"),
    Case(
      "texts for numbers", request(imu(type: "\"BYTES\"", "\"data\": [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"]")),
      "texts"),
    Case("no shape", request(imu(shape: "null")), ".shape"),
    Case("an empty shape", request(imu(shape: "[]")), ".shape"),
    Case("a negative size", request(imu(shape: "[1, -6]")), ".shape"),
    Case("a size of 0", request(imu(shape: "[0, 6]")), ".shape"),
    Case("a size with a fraction", request(imu(shape: "[1, 6.5]")), ".shape"),
    Case("a product of sizes that overflows", request(imu(shape: "[4611686018427387904, 4]")), ".shape"),
    Case("sizes that overflow together", request(imu(shape: "[1099511627776, 1099511627776]")), ".shape"),
    Case("nine dimensions", request(imu(shape: "[1, 6, 1, 1, 1, 1, 1, 1, 1]")), ".shape"),
    Case("another shape", request(imu(shape: "[2, 3]")), "[2, 3]", "[2, 6]"),
    Case("a shape that is the sample's", request(imu(shape: "[6]")), "6 samples"),
    Case("too few numbers", request(imu("\"data\": [1, 2]")), "2 elements", "6"),
    Case("no data", request(imu("\"x\": 1")), "inputs[0].data"),
    Case("data that is no list", request(imu("\"data\": {}")), ".data"),
    Case("a text among numbers", request(imu("\"data\": [1, 2, 3, 4, 5, \"6\"]")), ".data"),
    Case("a number beyond single precision", request(imu("\"data\": [1e39, 2, 3, 4, 5, 6]")), "finite"),
    Case("a gap", request(imu("\"data\": [null, 2, 3, 4, 5, 6]")), "finite"),
    Case("data in two places", request(imu("\"parameters\": {\"binary_data_size\": 0}, \(data)")), "two places"),
    Case(
      "more bytes than there are", request(imu("\"parameters\": {\"binary_data_size\": 24}")), "0 bytes for the 24"),
    Case("bytes without a number", request(imu("\"parameters\": {\"binary_data_size\": true}")), "binary_data_size"),
    Case("a negative number of bytes", request(imu("\"parameters\": {\"binary_data_size\": -4}")), "binary_data_size"),
    Case(
      "bytes of another size", request(imu("\"parameters\": {\"binary_data_size\": 2}")) + "xx", "2 bytes", "24",
      fields: [
        "Inference-Header-Content-Length: \(request(imu("\"parameters\": {\"binary_data_size\": 2}")).utf8.count)"
      ]),
    Case(
      "bytes left over", request(imu()) + "xx", "2 bytes",
      fields: ["Inference-Header-Content-Length: \(request(imu()).utf8.count)"]),
    Case("a length of no document", request(imu()), "Inference-Header", fields: ["Inference-Header-Content-Length: 0"]),
    Case(
      "a length beyond the body", request(imu()), "Inference-Header", fields: ["Inference-Header-Content-Length: 99999"]
    ),
    Case(
      "a length that is no number", request(imu()), "Inference-Header", fields: ["Inference-Header-Content-Length: x"]),
    Case("parameters that are no object", request(imu(), more: ", \"parameters\": []"), "parameters"),
    Case("an input's parameters", request(imu("\(data), \"parameters\": 3")), "inputs[0].parameters"),
    Case("shared memory", request(imu("\(data), \"parameters\": {\"shared_memory_region\": \"x\"}")), "shared memory"),
    Case(
      "a flag that is none", request(imu(), more: ", \"parameters\": {\"binary_data_output\": 1}"), "binary_data_output"
    ),
    Case("an id that is no text", request(imu(), more: ", \"id\": 3"), "id"),
    Case("a long id", request(imu(), more: ", \"id\": \"\(String(repeating: "x", count: 257))\""), "id"),
    Case("outputs that are no list", request(imu(), more: ", \"outputs\": {}"), "outputs"),
    Case("an output without name", request(imu(), more: ", \"outputs\": [{}]"), "outputs[0].name"),
    Case("an unknown output", request(imu(), more: ", \"outputs\": [{\"name\": \"x\"}]"), "prediction, representation"),
    Case(
      "an output twice", request(imu(), more: ", \"outputs\": [{\"name\": \"label\"}, {\"name\": \"label\"}]"), "twice"),
    Case(
      "Triton's classification",
      request(imu(), more: ", \"outputs\": [{\"name\": \"label\", \"parameters\": {\"classification\": 2}}]"),
      "probability"),
    Case("a stream", request(imu(), more: ", \"parameters\": {\"sequence_id\": 7}"), "sequence_id"),
    Case("a stream that is no name", request(imu(), more: ", \"parameters\": {\"sequence_id\": []}"), "sequence_id"),
    Case(
      "more samples than a pass has", request(imu(shape: "[5, 6]", "\"data\": [\(ten), \(ten), \(ten)]")), "5 samples",
      "4"),
    Case(
      "other samples of another modality",
      request(
        imu(), "{\"name\": \"audio\", \"datatype\": \"FP32\", \"shape\": [2, 1, 4], \"data\": [1, 2, 3, 4, 5, 6, 7, 8]}"
      ),
      "audio", "2 samples"),
    Case(
      "too many steps", request("{\"name\": \"audio\", \"datatype\": \"FP32\", \"shape\": [1, 6, 1], \(data)}"),
      "audio",
      "[1, 1 to 5, 4]"),
    Case(
      "a length of 0",
      request(
        "{\"name\": \"audio\", \"datatype\": \"FP32\", \"shape\": [1, 1, 4], \"data\": [1, 2, 3, 4]}",
        "{\"name\": \"audio.length\", \"datatype\": \"INT64\", \"shape\": [1], \"data\": [0]}"), "audio.length",
      "from 1 to 1"),
    Case("the length of a vector", request(imu(), imu(name: "\"imu.length\"")), "imu.length"),
    Case(
      "a presence of another shape",
      request(imu(), "{\"name\": \"presence\", \"datatype\": \"BOOL\", \"shape\": [1, 1], \"data\": [true]}"),
      "presence", "[1, 2]"),
    Case(
      "a sample without any modality",
      request(imu(), "{\"name\": \"presence\", \"datatype\": \"BOOL\", \"shape\": [1, 2], \"data\": [false, false]}"),
      "sample 0"),
    Case(
      "more texts than fit",
      request(imu(type: "\"BYTES\"", shape: "[1048577]", "\"parameters\": {\"binary_data_size\": 4}")),
      "BYTES", "1048576"),
    Case("lengths alone", request(imu(name: "\"presence\"")), "no modality"),
    Case("nesting without end", "{\"inputs\": \(String(repeating: "[", count: 5000))", "levels"),
    Case("a compressed body", request(imu()), "compression", fields: ["Content-Encoding: gzip"], status: 415),
  ]

  @Test(arguments: cases) func aBadRequestIsRefused(_ wrong: Case) throws {
    let served = try ServiceTests.shared.get()
    let client = served.client
    let answer = try #require(client.post("/v2/models/some/infer", wrong.body, fields: wrong.fields))
    #expect(answer.status == wrong.status, "\(answer.text)")
    for mention in wrong.mentions { #expect(answer.error?.contains(mention) == true, "«\(mention)»: \(answer.text)") }
    #expect(answer.body.count < 2000 && answer.error?.contains("/") != true, "\(answer.text)")
    // The same connection serves the next request.
    let right = client.post("/v2/models/some/infer", Self.request(Self.imu()))
    #expect(right?.status == 200, "\(right?.text ?? "closed")")
  }

  @Test(arguments: [
    ("index", "{\"ready\": 1}"), ("index", "[]"), ("models/all/load", "{\"parameters\": {\"config\": \"{}\"}}"),
    ("models/all/load", "{\"parameters\": {\"file:1/model.bin\": \"\"}}"),
    ("models/all/unload", "{\"parameters\": []}"),
    ("models/all/load", "x"),
    ("index", "{\"x\": [\(String(repeating: "1,", count: 2000))1]}"),
  ])
  func aBadRequestToTheRepositoryIsRefused(path: String, body: String) throws {
    let served = try ServiceTests.shared.get()
    let answer = served.client.post("/v2/repository/\(path)", body)
    #expect(answer?.status == 400 && answer?.error != nil, "\(answer?.text ?? "closed")")
    #expect(served.client.get("/v2/health/ready")?.status == 200)
  }

  @Test(arguments: [
    ("", "no token"), ("\n\n", "no token"), ("short\n", "no token"),
    ("0123456789abcdef with spaces\n", "a line is no token"),
  ])
  func aBadFileOfTokensIsRefused(text: String, problem: String) throws {
    try withTemporaryFolder { folder in
      try text.write(toFile: "\(folder)/tokens", atomically: true, encoding: .utf8)
      let fault = #expect(throws: Fault.self) { try AccessTokens(file: "\(folder)/tokens") }
      #expect(fault?.kind == .badData && fault?.problem.contains(problem) == true)
      #expect(fault?.found?.contains("0123") != true)
      let missing = #expect(throws: Fault.self) { try AccessTokens(file: "\(folder)/none") }
      #expect(missing?.kind == .missingInput)
    }
  }
}
