import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyService
@testable import PolyphonySupport

/// Streams of requests adapt the model, each to itself, and outlive the service.
@Suite struct StreamTests {
  private static let infer = "/v2/models/some/infer"

  /// Methods that need no moments of the source, which the models of these tests do not have.
  static let methods = ["inputs", "casp-contrast", "tent", "read"]

  /// A test with a folder, and with models whose weights stay the same from one service to the next.
  func withModels(_ body: (_ folder: String, _ gestures: PredictProgramTests.Gestures) throws -> Void) throws {
    try withTemporaryFolder { folder in try body(folder, .init(folder)) }
  }

  /// A service with streams, of some models or of new ones.
  func serve(
    _ gestures: PredictProgramTests.Gestures? = nil, method: String = "inputs", state: String? = nil,
    most: Int = 1000, isShadow: Bool = false, warn: @escaping @Sendable (String) -> Void = { _ in },
    _ body: (ServedGestures) throws -> Void
  ) throws {
    let change = { (options: inout PredictionService.Options) in
      var streams = StreamOptions(method: method)
      (streams.folder, streams.most, streams.isShadow) = (state, most, isShadow)
      (options.streams, options.warn) = (streams, warn)
    }
    if let gestures {
      try ServedGestures.with(gestures, change, body)
    } else {
      try ServedGestures.with(change, body)
    }
  }

  /// Samples of a stream that has drifted, batch by batch.
  private static func document(
    _ served: ServedGestures, _ batch: Int, size: Int = 4, drift: Float, _ parameters: String
  ) -> String {
    let inputs = served.samples.rows(Array(batch % 3 * 4..<batch % 3 * 4 + size))
    let imu = ServedGestures.tensor("imu", "FP32", inputs.modalities[0] * 1.5 + Double(drift))
    let audio = ServedGestures.tensor("audio", "FP32", inputs.modalities[1] + Double(drift))
    return "{\"inputs\": [\(imu), \(audio)], \"parameters\": {\(parameters)}}"
  }

  /// Sends a batch to a stream, and returns the predictions.
  func send(
    _ client: ServiceClient, _ served: ServedGestures, _ stream: String, _ batch: Int, size: Int = 4, drift: Float,
    more: String = ""
  ) throws -> [Float] {
    let answer = try #require(
      client.post(
        Self.infer, Self.document(served, batch, size: size, drift: drift, "\"sequence_id\": \"\(stream)\"\(more)")))
    #expect(answer.status == 200 && answer.json["parameters"]?["sequence_id"] == .string(stream), "\(answer.text)")
    return answer.floats("prediction")
  }

  @Test(arguments: methods) func tenantsNeverMix(method: String) throws {
    try withModels { _, gestures in
      let drifts: [String: Float] = ["one": 0.5, "two": -1, "three/../x": 2]
      var alone: [String: [[Float]]] = [:]
      try serve(gestures, method: method) { served in
        // One tenant after another.
        for (stream, drift) in drifts {
          let client = served.client
          alone[stream] = try (0..<4).map { try send(client, served, stream, $0, drift: drift) }
          #expect(client.post("/v2/models/some/streams/\(stream.replacing("/", with: "%2F"))/reset", "")?.status == 200)
        }
      }
      let expected = alone
      try serve(gestures, method: method) { served in
        let found = Locked<[String: [[Float]]]>([:])
        let names = drifts.keys.sorted()
        ServedGestures.together(names.count) { place in
          let (client, name) = (served.client, names[place])
          for batch in 0..<4 {
            guard let said = try? send(client, served, name, batch, drift: drifts[name] ?? 0) else { continue }
            found.update { $0[name, default: []].append(said) }
            // Requests without a stream are answered by the source.
            let plain = client.post(Self.infer, Self.document(served, batch, drift: 0, ""))
            #expect(plain?.status == 200)
          }
        }
        #expect(found.value == expected)
        #expect(expected["one"]?[0] != expected["one"]?[3])
      }
    }
  }

  /// Swift calls these two names equal. Their bytes differ, so they are two streams, also while they wait for the disk.
  @Test func namesThatLookAlikeAreTwoStreams() throws {
    try withModels { folder, gestures in
      let (one, other) = ("caf\u{e9}", "cafe\u{301}")
      var (first, second): ([Float], [Float]) = ([], [])
      try serve(gestures, state: "\(folder)/state") { served in
        let client = served.client
        first = try send(client, served, one, 0, drift: 1)
        second = try send(client, served, one, 0, drift: 1)
        #expect(try send(client, served, other, 0, drift: 1) == first)
        #expect(first != second)
        #expect(client.get("/v2/models/some/streams")?.json.elements.count == 2)
      }
      try serve(gestures, state: "\(folder)/state") { served in
        let third = try send(served.client, served, other, 0, drift: 1)
        #expect(third == second)
      }
      #expect(try names(in: "\(folder)/state/some").count { $0.hasSuffix(".safetensors") } == 2)
    }
  }

  @Test(arguments: methods) func aStreamOutlivesTheService(method: String) throws {
    try withModels { folder, gestures in
      let state = "\(folder)/state"
      var whole: [[Float]] = []
      try serve(gestures, method: method) { served in
        let client = served.client
        whole = try (0..<6).map { try send(client, served, "a", $0, drift: 1) }
      }
      var parts: [[Float]] = []
      for run in 0..<3 {
        try serve(gestures, method: method, state: state, most: 1) { served in
          let client = served.client
          for batch in run * 2..<run * 2 + 2 {
            parts.append(try send(client, served, "a", batch, drift: 1))
            // Another stream takes its place in memory.
            _ = try send(client, served, "b", batch, drift: -1)
            // The model that is read anew finds both.
            if run == 1 { #expect(client.post("/v2/repository/models/some/load", "")?.status == 200) }
          }
          let metrics = client.get("/metrics")?.text ?? ""
          // A model that has just been read has no stream in memory.
          #expect(
            metrics.contains("polyphony_streams{model=\"some\"} \(run == 1 ? 0 : 1)\n")
              && metrics.contains("polyphony_streams_lost_total{model=\"some\"} 0\n"))
        }
      }
      #expect(parts == whole)
      // The end of a stream removes its file.
      let files = { try names(in: "\(state)/some").filter { $0.hasSuffix(".safetensors") } }
      #expect(try files().count == 2)
      try serve(gestures, method: method, state: state) { served in
        _ = try send(served.client, served, "a", 0, drift: 1, more: ", \"sequence_end\": true")
      }
      #expect(try files().count == 1)
      // A stream whose file is damaged begins anew, and the file is kept under another name.
      for name in try files() { try Data("x".utf8).write(to: URL(fileURLWithPath: "\(state)/some/\(name)")) }
      try serve(gestures, method: method, state: state) { served in
        let fresh = try send(served.client, served, "c", 0, drift: -1)
        #expect(try send(served.client, served, "b", 0, drift: -1) == fresh)
        #expect(
          served.client.get("/metrics")?.text.contains("polyphony_stream_failures_total{model=\"some\"} 1\n") == true)
      }
      #expect(try names(in: "\(state)/some").count { $0.hasSuffix(".refused") } == 1)
    }
  }

  @Test func aStreamIsPinnedRolledBackAndReset() throws {
    try serve { served in
      let client = served.client
      let stream = "/v2/models/some/streams/a"
      let first = try send(client, served, "a", 0, drift: 1)
      #expect(client.post("\(stream)/snapshot", "")?.json["snapshots"] == 2)
      let second = try send(client, served, "a", 0, drift: 1)
      #expect(client.post("\(stream)/pin", "")?.json["pinned"] == true)
      let third = try send(client, served, "a", 0, drift: 1)
      #expect(try send(client, served, "a", 0, drift: 1) == third && first != second && second != third)
      #expect(client.get(stream)?.json["samples"] == 8)
      #expect(client.post("\(stream)/unpin", "")?.status == 200)
      #expect(client.post("\(stream)/rollback", "")?.json["samples"] == 4)
      #expect(try send(client, served, "a", 0, drift: 1) == second)
      #expect(client.post("\(stream)/reset", "")?.json["samples"] == 0)
      #expect(try send(client, served, "a", 0, drift: 1) == first)
      #expect(try send(client, served, "a", 0, drift: 1, more: ", \"sequence_start\": true") == first)
      #expect(client.get("/v2/models/some/streams")?.json.elements.map { $0["id"] } == ["a"])
      for (path, status) in [("none", 404), ("a/fly", 404), ("none/pin", 404), ("a/export", 409)] {
        client.send(path.contains("/") ? "POST" : "GET", "/v2/models/some/streams/\(path)")
        #expect(client.receive()?.status == status, "\(path)")
      }
    }
  }

  @Test func aShadowSaysWhatAdaptationWouldHaveSaid() throws {
    try serve { served in
      let client = served.client
      let source = try send(client, served, "a", 0, drift: 1)
      let own = try send(client, served, "b", 0, drift: 1)
      #expect(own == source)
      let learned = try send(client, served, "b", 0, drift: 1)
      let answer = try #require(
        client.post(Self.infer, Self.document(served, 0, drift: 1, "\"sequence_id\": \"a\", \"shadow\": true")))
      #expect(answer.floats("prediction") == source && answer.floats("adapted_prediction") == learned)
      #expect(answer.output("adapted_label") != nil)
      #expect(client.post(Self.infer, Self.document(served, 0, drift: 1, "\"shadow\": true"))?.status == 400)
    }
  }

  /// A service that only tries adaptation out says how often the labels would have been others.
  @Test func aServiceOfShadowsReports() throws {
    try serve(isShadow: true) { served in
      let client = served.client
      let first = try send(client, served, "a", 0, drift: 1)
      #expect(try send(client, served, "a", 0, drift: 1) == first)
      let report = client.get("/v2/models/some/streams/a")?.json["shadow"]
      #expect(report?["samples"] == 8 && (report?["mean_difference"]?.finite ?? 0) > 0)
      let metrics = client.get("/metrics")?.text ?? ""
      #expect(metrics.contains("polyphony_shadow_samples_total{model=\"some\"} 8\n"))
    }
  }

  @Test func pinsAndSnapshotsOutliveTheService() throws {
    try withModels { folder, gestures in
      let stream = "/v2/models/some/streams/a"
      try serve(gestures, state: "\(folder)/state") { served in
        let client = served.client
        _ = try send(client, served, "a", 0, drift: 1)
        #expect(client.post("\(stream)/snapshot", "")?.json["snapshots"] == 2)
        _ = try send(client, served, "a", 1, drift: 1)
        #expect(client.post("\(stream)/pin", "")?.status == 200)
      }
      try serve(gestures, state: "\(folder)/state") { served in
        let document = served.client.get(stream)?.json
        #expect(document?["pinned"] == true && document?["snapshots"] == 2 && document?["samples"] == 8)
        #expect(served.client.post("\(stream)/rollback", "")?.json["samples"] == 4)
      }
    }
  }

  /// A stream learns nothing from samples that the model cannot answer.
  @Test func samplesBeyondTheModelDoNotSpoilAStream() throws {
    try serve { served in
      let client = served.client
      let first = try send(client, served, "a", 0, drift: 0, more: ", \"sequence_end\": true")
      let refused = client.post(Self.infer, Self.document(served, 0, drift: 3e38, "\"sequence_id\": \"a\""))
      #expect(refused?.status == 400)
      #expect(try send(client, served, "a", 0, drift: 0) == first)
    }
  }

  /// What a stream has learned is an adapter for `predict`.
  @Test func aStreamIsExported() throws {
    try withTemporaryFolder { folder in
      try serve(state: folder) { served in
        let client = served.client
        _ = try send(client, served, "a", 0, drift: 1)
        #expect(client.post("/v2/models/some/streams/a/export", "")?.status == 200)
        let said = try send(client, served, "a", 1, drift: 1)
        let adapters = "\(folder)/some/adapters"
        let adapter = try #require(names(in: adapters).first)
        let model = try ModelWithAdapter(served.gestures.model, adapter: "\(adapters)/\(adapter)").model
        let inputs = served.samples.rows(Array(4..<8))
        let drifted = Inputs([inputs.modalities[0] * 1.5 + 1, inputs.modalities[1] + 1])
        #expect(model.predict(UnlabelledSplit(name: "drifted", inputs: drifted)).prediction.floats == said)
      }
    }
  }

  /// Where the folder cannot be written, the service goes on. It tries again later.
  @Test func aFullDiskDoesNotStopTheService() throws {
    try withTemporaryFolder { folder in
      let said = Locked<[String]>([])
      let own = "\(folder)/some"
      try serve(state: folder, warn: { text in said.update { $0.append(text) } }) { served in
        let client = served.client
        try FileManager.default.removeItem(atPath: own)
        try Data().write(to: URL(fileURLWithPath: own))
        let first = try send(client, served, "a", 0, drift: 1)
        #expect(try send(client, served, "a", 0, drift: 1) != first)
        for _ in 0..<2 { #expect(client.post("/v2/models/some/streams/a/export", "")?.status == 500) }
        #expect(said.value.count { $0.contains("the adapter of a stream cannot be written") } == 1, "\(said.value)")
        try FileManager.default.removeItem(atPath: own)
        try makeFolder(own)
      }
      #expect(try names(in: own).count == 1)
    }
  }

  @Test func theOperatorLearnsOfAFailureOnce() {
    let said = Locked<[String]>([])
    let metrics = StreamMetrics { text in said.update { $0.append(text) } }
    let fault = Fault(.cannotWrite, "the output cannot be written", file: "x", found: "No space left on device")
    for _ in 0..<2 { metrics.didFail(.save, fault) }
    #expect(said.value.count == 1 && said.value[0].contains("No space left on device; the service goes on"))
    metrics.didFail(.read, fault)
    for _ in 0..<2 { metrics.didSave() }
    #expect(said.value.count == 3 && said.value[2].contains("saved again"))
    metrics.didFail(.save, fault)
    #expect(said.value.count == 4 && metrics.counts.failures == 4 && metrics.counts.saves == 2)
  }
}
