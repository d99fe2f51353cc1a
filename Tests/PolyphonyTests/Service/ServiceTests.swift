import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyService
@testable import PolyphonySupport

/// A service answers with the numbers of `predict`, in every form of the protocol.
@Suite struct ServiceTests {
  private static let infer = "/v2/models/some/infer"

  @Test func theNumbersAreThoseOfPredict() throws {
    try ServedGestures.with { served in
      let expected = try served.expected("some")
      let answer = try #require(served.client.post(Self.infer, served.document(0..<12, more: #", "id": "a\"1""#)))
      #expect(answer.status == 200, "\(answer.text)")
      #expect(answer.json["id"] == .string("a\"1") && answer.json["model_name"] == "some")
      #expect(answer.output("prediction")?["shape"] == [12, 3])
      #expect(answer.floats("prediction") == expected.prediction.floats)
      #expect(answer.floats("representation") == expected.representation.floats)
      #expect(answer.floats("probability") == expected.prediction.softmax(1).floats)
      let labels = expected.prediction.argmax(1).integers.map {
        OrderedJSON.string(PredictProgramTests.Gestures.labels[$0])
      }
      #expect(answer.output("label")?["data"] == .array(labels))
    }
  }

  /// The bytes behind the document, as Triton's clients send and take them.
  @Test func binaryBodiesHaveTheSameBits() throws {
    try ServedGestures.with { served in
      let inputs = served.samples.rows(Array(0..<4))
      var (tensors, bytes): ([String], [UInt8]) = ([], [])
      for (name, datatype, tensor) in [
        ("imu", "FP32", inputs.modalities[0]), ("audio", "FP32", inputs.modalities[1]),
        ("audio.length", "INT64", inputs.lengths[1]!), ("presence", "BOOL", inputs.presence!),
      ] {
        let own = tensor.withBytes { Array($0) }
        bytes += own
        tensors.append(
          "{\"name\": \"\(name)\", \"datatype\": \"\(datatype)\", \"shape\": \(tensor.shape), "
            + "\"parameters\": {\"binary_data_size\": \(own.count)}}")
      }
      let document =
        "{\"inputs\": [\(tensors.joined(separator: ","))], \"parameters\": {\"binary_data_output\": true}, "
        + "\"outputs\": [{\"name\": \"label\"}, {\"name\": \"prediction\"}, "
        + "{\"name\": \"probability\", \"parameters\": {\"binary_data\": false}}]}"
      let answer = try #require(
        served.client.post(
          Self.infer, Array(document.utf8) + bytes, fields: ["Inference-Header-Content-Length: \(document.utf8.count)"])
      )
      #expect(answer.status == 200, "\(answer.text)")
      let length = try #require(Int(answer.fields["inference-header-content-length"] ?? ""))
      #expect(answer.fields["content-type"] == "application/octet-stream")
      let head = try OrderedJSON(parsing: String(decoding: answer.body[..<length], as: UTF8.self))
      let expected = try served.expected("some", inputs).prediction
      let labels = expected.argmax(1).integers.flatMap { index -> [UInt8] in
        let text = Array(PredictProgramTests.Gestures.labels[index].utf8)
        return [UInt8(text.count), 0, 0, 0] + text
      }
      #expect(Array(answer.body[length...]) == labels + expected.withBytes { Array($0) })
      #expect(head["outputs"]?.elements.map { $0["name"] } == ["label", "prediction", "probability"])
      #expect(head["outputs"]?.elements.last?["data"]?.elements.count == 12)
    }
  }

  @Test func aModalityThatIsLeftOutIsMissing() throws {
    try ServedGestures.with { served in
      let zeros = Inputs(
        [served.samples.rows(Array(0..<3)).modalities[0], .zeros([3, 5, 4])],
        presence: Tensor([true, false, true, false, true, false], shape: [3, 2]))
      let expected = try served.expected("some", zeros).prediction.floats
      let document = served.document(0..<3, without: "audio")
      let answer = served.client.post(Self.infer, document)
      #expect(answer?.floats("prediction") == expected)
      let refused = served.client.post("/v2/models/all/infer", document)
      #expect(refused?.status == 400 && refused?.error?.contains("audio is missing") == true)
    }
  }

  /// Clients may send other types, fewer steps, and nested lists.
  @Test func inputsComeInManyForms() throws {
    try ServedGestures.with { served in
      let imu = "[[1, -2, 3, 0, 5, 6]]"
      let audio = "[[[1, 2, 3, 4], [5, 6, 7, 8]]]"
      let forms = [
        ("INT64", "FP64", ""), ("INT8", "FP16", ""), ("FP32", "FP32", ""), ("FP64", "INT32", ""),
        ("FP32", "FP32", #", {"name": "audio.length", "datatype": "INT32", "shape": [1, 1], "data": [2]}"#),
      ]
      let tensor = Tensor([1, 2, 3, 4, 5, 6, 7, 8] + Array(repeating: Float(0), count: 12), shape: [1, 5, 4])
      let expected = try served.expected(
        "all", Inputs([Tensor([1, -2, 3, 0, 5, 6] as [Float], shape: [1, 6]), tensor], lengths: [nil, Tensor([2])]))
      for (one, other, more) in forms {
        let document = """
          {"inputs": [{"name": "audio", "datatype": "\(other)", "shape": [1, 2, 4], "data": \(audio)},
           {"name": "imu", "datatype": "\(one)", "shape": [1, 6], "data": \(imu)}\(more)]}
          """
        let answer = served.client.post("/v2/models/all/versions/1/infer", document)
        #expect(answer?.floats("prediction") == expected.prediction.floats, "\(one): \(answer?.text ?? "closed")")
      }
    }
  }

  /// Requests of clients with and without sound share passes, and each gets its own numbers.
  @Test func clientsShareAPass() throws {
    try ServedGestures.with({
      $0.delay = 5000; $0.mostSamples = 8
    }) { served in
      let expected = (0..<8).map { row -> [Float] in
        let inputs = served.samples.rows([row])
        let alone = row % 2 == 0 ? inputs : inputs.keeping([true, false])
        return (try? served.expected("some", alone).prediction.floats) ?? []
      }
      let answers = Locked<[Int: ServiceClient.Answer]>([:])
      // A pass waits for clients that are there, so all of them connect first. Each has a thread of its own later.
      nonisolated(unsafe) let clients = (0..<8).map { _ in served.client }
      for client in clients { #expect(client.get("/v2/health/live")?.status == 200) }
      ServedGestures.together(8) { row in
        let document = served.document(row..<row + 1, without: row % 2 == 0 ? nil : "audio")
        if let answer = clients[row].post(Self.infer, document) { answers.update { $0[row] = answer } }
      }
      for row in 0..<8 {
        let found = answers.value[row]?.floats("prediction") ?? []
        #expect(found.count == 3, "\(answers.value[row]?.text ?? "closed")")
        for (one, other) in zip(found, expected[row]) { #expect(abs(one - other) <= 1e-6 * max(1, abs(other))) }
      }
      let metrics = served.client.get("/metrics")?.text ?? ""
      #expect(metrics.contains("nv_inference_request_success{model=\"some\",version=\"1\"} 8\n"))
      #expect(metrics.contains("nv_inference_count{model=\"some\",version=\"1\"} 8\n"))
      // The clients together fill one pass, and none waits the five seconds.
      #expect(metrics.contains("nv_inference_exec_count{model=\"some\",version=\"1\"} 1\n"))
      #expect(metrics.contains("polyphony_batch_size_bucket{model=\"some\",version=\"1\",le=\"8\"} 1\n"))
      // Samples 3 and 7 have no sound in the data, and the others with odd numbers lack it in the request.
      #expect(
        metrics.contains("polyphony_samples_missing_total{model=\"some\",version=\"1\",modality=\"audio\"} 4\n"),
        "\(metrics)")
      #expect(metrics.contains("polyphony_http_responses_total{code=\"200\"} 16\n"))
    }
  }

  /// A request waits for others only while another client could send one. The client gives up long before the delay.
  @Test func aSingleClientWaitsForNobody() throws {
    try ServedGestures.with({ $0.delay = 600_000 }) { served in
      let client = served.client
      for _ in 0..<2 { #expect(client.post(Self.infer, served.document(0..<1))?.status == 200) }
    }
  }

  /// Passes at a time do not disturb each other, and every request gets its own numbers.
  @Test func passesRunAtATime() throws {
    try ServedGestures.with({ $0.passes = 3 }) { served in
      let expected = try (0..<12).map { try served.expected("all", served.samples.rows([$0])).prediction.floats }
      let wrong = Locked<[String]>([])
      ServedGestures.together(6) { place in
        let client = served.client
        for row in (0..<12).map({ ($0 + place) % 12 }) where row % 4 != 3 {
          let answer = client.post("/v2/models/all/infer", served.document(row..<row + 1))
          let found = answer?.floats("prediction") ?? []
          let isClose = zip(found, expected[row]).allSatisfy { abs($0 - $1) <= 1e-6 * max(1, abs($1)) }
          if found.count != 3 || !isClose { wrong.update { $0.append("\(row): \(answer?.text ?? "closed")") } }
        }
      }
      #expect(wrong.value == [])
      let metrics = served.client.get("/metrics")?.text ?? ""
      #expect(metrics.contains("nv_inference_request_success{model=\"all\",version=\"1\"} 54\n"))
    }
  }

  @Test func documentsDescribeServerAndModels() throws {
    try ServedGestures.with { served in
      let client = served.client
      #expect(client.get("/v2")?.json["name"] == "polyphony")
      #expect(client.get("/v2/health/live")?.json == ["live": true])
      #expect(client.get("/v2/health/ready")?.status == 200)
      #expect(client.get("/v2/models/some/versions/1/ready")?.json == ["name": "some", "ready": true])
      for (name, isOptional) in [("all", false), ("some", true)] {
        let metadata = try #require(client.get("/v2/models/\(name)")?.json)
        let inputs = metadata["inputs"]?.elements ?? []
        #expect(
          inputs.map { $0["name"] } == ["imu", "audio", "audio.length", "presence"], "\(metadata.text())")
        #expect(inputs.first?["shape"] == [-1, 6] && inputs.dropFirst().first?["shape"] == [-1, -1, 4])
        #expect(inputs.first?["parameters"]?["optional"] == .bool(isOptional))
        #expect(
          metadata["outputs"]?.elements.map { $0["name"] } == ["prediction", "representation", "probability", "label"])
        let configuration = try #require(client.get("/v2/models/\(name)/config")?.json)
        #expect(configuration["max_batch_size"] == 64)
        #expect(configuration["input"]?.elements.first?["optional"] == .bool(isOptional))
      }
      #expect(client.get("/openapi.yaml")?.text.hasPrefix("openapi: 3.0.3\n") == true)
    }
  }

  @Test func modelsAreLoadedAndUnloaded() throws {
    try ServedGestures.with { served in
      let client = served.client
      let index = client.post("/v2/repository/index", "")?.json
      #expect(index?.elements.map { $0["state"] } == ["READY", "READY"])
      #expect(
        client.post("/v2/repository/models/some/unload", "{\"parameters\": {\"unload_dependents\": true}}")?.status
          == 200)
      #expect(client.post(Self.infer, served.document(0..<1))?.status == 503)
      #expect(client.get("/v2/health/ready")?.status == 503 && client.get("/v2/models/some/ready")?.status == 503)
      #expect(client.post("/v2/repository/index", "{\"ready\": true}")?.json.elements.count == 1)
      // The folder is read anew, and while it is damaged the model stays away.
      let weights = "\(served.gestures.model)/model.safetensors"
      let content = try #require(FileManager.default.contents(atPath: weights))
      try Data("damaged".utf8).write(to: URL(fileURLWithPath: weights))
      let refused = client.post("/v2/repository/models/some/load", "")
      #expect(refused?.status == 400 && refused?.error?.contains(served.gestures.folder) == false)
      #expect(client.post("/v2/repository/models/all/load", "")?.status == 400)
      #expect(client.post("/v2/models/all/infer", served.document(0..<1))?.status == 200)
      try content.write(to: URL(fileURLWithPath: weights))
      #expect(client.post("/v2/repository/models/some/load", "{}")?.status == 200)
      #expect(client.post(Self.infer, served.document(0..<1))?.status == 200)
    }
  }

  @Test func aTokenIsNeededWhereThereAreSome() throws {
    try withTemporaryFolder { folder in
      let file = "\(folder)/tokens"
      try "0123456789abcdef\r\n\nfedcba9876543210".write(toFile: file, atomically: true, encoding: .utf8)
      try ServedGestures.with({ $0.tokens = try AccessTokens(file: file) }) { served in
        let client = served.client
        #expect(client.get("/v2/health/live")?.status == 200)
        for field in [
          "X: y", "Authorization: Bearer 0123456789abcdeg", "Authorization: Bearer",
          "Authorization: Basic 0123456789abcdef",
        ] {
          let answer = client.get("/v2", fields: [field])
          #expect(answer?.status == 401 && answer?.fields["www-authenticate"] == "Bearer", "\(field)")
        }
        for token in ["0123456789abcdef", "fedcba9876543210"] {
          #expect(client.get("/v2", fields: ["Authorization: bearer \(token)"])?.status == 200)
        }
      }
    }
  }

  @Test(arguments: [
    ("GET", "/v2/models/none", 404), ("GET", "/v2/models/all/versions/2", 404), ("GET", "/v2/models/all/none", 404),
    ("GET", "/v2/models", 404), ("GET", "/v2/health/none", 404), ("GET", "/metrics/x", 404),
    ("GET", "/v2/models/..%2F..%2Fetc%2Fpasswd", 404), ("POST", "/v2/repository/models/none/load", 404),
    ("DELETE", "/v2", 405), ("GET", "/v2/models/all/infer", 405), ("POST", "/metrics", 405),
    ("POST", "/v2/repository/models/all/load/x", 404),
  ])
  func anUnknownAddressIsRefused(method: String, path: String, status: Int) throws {
    let served = try Self.shared.get()
    let client = served.client
    client.send(method, path)
    let answer = client.receive()
    #expect(answer?.status == status && answer?.error != nil)
    #expect((answer?.fields["allow"] != nil) == (status == 405))
  }

  /// One service for tables of refused requests. It lives as long as the tests' process.
  static let shared = Result { () throws -> ServedGestures in
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("polyphony-served").path
    try? FileManager.default.removeItem(atPath: folder)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return try ServedGestures(.init(folder)) { $0.mostSamples = 4 }
  }
}
