import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyService
@testable import PolyphonySupport

/// Several services share a folder of streams, and each stream has one of them at a time.
@Suite struct StreamReplicaTests {
  private static let infer = "/v2/models/some/infer"

  /// Some services of the same models, which share a folder.
  private func replicas(
    _ count: Int, most: Int = 1000, _ body: (_ services: [ServedGestures], _ folder: String) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      let gestures = try PredictProgramTests.Gestures(folder)
      var services: [ServedGestures] = []
      defer { for served in services { served.service.stop() } }
      for _ in 0..<count {
        services.append(
          try ServedGestures(gestures) { options in
            var streams = StreamOptions(method: "inputs")
            (streams.folder, streams.most) = ("\(folder)/state", most)
            options.streams = streams
          })
      }
      try body(services, "\(folder)/state/some")
    }
  }

  private static func document(_ served: ServedGestures, _ parameters: String) -> String {
    let inputs = served.samples.rows(Array(0..<4))
    let tensors = [
      ServedGestures.tensor("imu", "FP32", inputs.modalities[0] * 1.5 + 1),
      ServedGestures.tensor("audio", "FP32", inputs.modalities[1] + 1),
    ]
    return "{\"inputs\": [\(tensors.joined(separator: ", "))], \"parameters\": {\(parameters)}}"
  }

  /// Sends the same batch to a stream, again and again while another service has the stream.
  private func send(
    _ served: ServedGestures, _ stream: String, more: String = "", waits: Bool = false
  ) throws -> ServiceClient.Answer {
    while true {
      // A service that drains closes connections.
      let client = served.client
      let answer = try #require(client.post(Self.infer, Self.document(served, "\"sequence_id\": \"\(stream)\"\(more)")))
      guard waits, answer.status == 503 else { return answer }
    }
  }

  /// A service keeps a stream until its state is in the file, and then another one goes on from there.
  @Test func aStreamGoesFromOneServiceToAnother() throws {
    try replicas(3, most: 1) { services, _ in
      let (one, other, alone) = (services[0], services[1], services[2])
      // What a service says that has the stream for itself.
      let expected = try (0..<5).map { _ in try send(alone, "alone").floats("prediction") }
      #expect(Set(expected).count == 5)
      for batch in 0..<2 { #expect(try send(one, "a").floats("prediction") == expected[batch]) }
      let refused = try send(other, "a")
      #expect(refused.status == 503 && refused.fields["retry-after"] == "1")
      #expect(refused.error == "another service has the stream")
      // Another stream takes its place in memory, so it goes to the folder at once.
      _ = try send(one, "b")
      #expect(try send(other, "a", waits: true).floats("prediction") == expected[2])
      #expect(try send(other, "a").floats("prediction") == expected[3])
      // The first one does not go on from what it once had.
      _ = try send(other, "c")
      #expect(try send(one, "a", waits: true).floats("prediction") == expected[4])
      let metrics = other.client.get("/metrics")?.text ?? ""
      #expect(metrics.contains("polyphony_streams_overtaken_total{model=\"some\"} 0\n"))
      #expect(!metrics.contains("polyphony_streams_elsewhere_total{model=\"some\"} 0\n"))
    }
  }

  /// A service that stops leaves its streams to the others. While it drains, it answers and says that it is not ready.
  @Test func aServiceThatStopsLosesNoStream() throws {
    try replicas(2) { services, _ in
      let (one, other) = (services[0], services[1])
      let first = try send(one, "a").floats("prediction")
      #expect(one.client.get("/v2/health/ready")?.status == 200)
      one.service.drain()
      let client = one.client
      let ready = try #require(client.get("/v2/health/ready"))
      #expect(ready.status == 503 && ready.fields["connection"] == "close" && client.isClosed())
      let second = try send(one, "a").floats("prediction")
      #expect(second != first)
      let third = try send(other, "a", waits: true).floats("prediction")
      #expect(third != second && third != first)
      one.service.stop()
      #expect(try send(other, "a").status == 200)
    }
  }

  /// The end of a stream at one service is its end at all.
  @Test func aForgottenStreamDoesNotComeBack() throws {
    try replicas(2) { services, folder in
      let (one, other) = (services[0], services[1])
      let first = try send(one, "a").floats("prediction")
      one.service.drain()
      #expect(try send(other, "a", more: ", \"sequence_end\": true", waits: true).floats("prediction") != first)
      #expect(try send(one, "a", waits: true).floats("prediction") == first)
      #expect(try send(other, "a", more: ", \"sequence_start\": true", waits: true).floats("prediction") == first)
    }
  }

  /// The header field names the stream as the body does, and answers have it.
  @Test func theHeaderFieldNamesTheStream() throws {
    try replicas(1) { services, _ in
      let served = services[0]
      let client = served.client
      func post(_ parameters: String, _ fields: String...) -> ServiceClient.Answer? {
        client.post(Self.infer, Self.document(served, parameters), fields: fields)
      }
      let first = post("", "X-Sequence-Id: caf%C3%A9%20%2F1")
      #expect(first?.json["parameters"]?["sequence_id"] == "café /1")
      #expect(first?.fields["x-sequence-id"] == "caf%C3%A9%20%2F1")
      let second = post("\"sequence_id\": \"café /1\"", "x-sequence-id: caf%c3%a9 /1")
      #expect(second?.status == 200 && second?.floats("prediction") != first?.floats("prediction"))
      #expect(post("\"sequence_id\": 7", "X-Sequence-Id: 7")?.fields["x-sequence-id"] == "7")
      #expect(post("\"sequence_id\": \"a\\r\\nSet-Cookie: b\"")?.fields["x-sequence-id"] == "a%0D%0ASet-Cookie%3A%20b")
      // No field, or one that names no stream, leaves the body as it is.
      #expect(post("\"sequence_id\": \"a\"", "X-Sequence-Id:")?.fields["x-sequence-id"] == "a")
      #expect(post("", "X-Sequence-Id: 0")?.fields["x-sequence-id"] == nil)
      for (named, mention) in [("\"a\"", "«a»"), ("0", "no stream")] {
        let answer = post("\"sequence_id\": \(named)", "X-Sequence-Id: b")
        #expect(answer?.status == 400)
        for word in [mention, "«b»", "parameters.sequence_id", "X-Sequence-Id"] {
          #expect(answer?.error?.contains(word) == true, "\(answer?.error ?? "")")
        }
      }
      for value in ["%zz", "%FF", "caf\u{e9}", String(repeating: "a", count: 257)] {
        #expect(post("", "X-Sequence-Id: \(value)")?.error?.contains("X-Sequence-Id") == true)
      }
      #expect(post("", "X-Sequence-Id: a", "X-Sequence-Id: b")?.status == 400)
      let stream = client.get("/v2/models/some/streams/caf%C3%A9%20%2F1", fields: ["X-Sequence-Id: caf%C3%A9%20%2F1"])
      #expect(stream?.status == 200 && stream?.fields["x-sequence-id"] == "caf%C3%A9%20%2F1")
      #expect(client.get("/v2/models/some/streams/a", fields: ["X-Sequence-Id: b"])?.status == 400)
    }
  }
}

/// The rules of ownership, on files alone.
@Suite struct StreamOwnershipTests {
  @Test func aLockHasOneServiceAtATime() throws {
    try withTemporaryFolder { folder in
      var one: StreamLocks? = StreamLocks(folder)
      let other = StreamLocks(folder)
      #expect(other.areKept)
      var first = one?.take("a")
      var second = one?.take("a")
      #expect(first?.isNew == true && second?.isNew == false)
      #expect(other.take("a") == nil && other.take("b") != nil)
      first = nil
      #expect(other.take("a") == nil)
      second = nil
      #expect(second == nil && other.take("a")?.isNew == true)
      // A file that is closed holds nothing, and so the end of a process frees all of its streams.
      first = one?.take("a")
      #expect(other.take("a") == nil)
      (first, one) = (nil, nil)
      #expect(other.take("a")?.isNew == true)
    }
  }

  /// Without a file for locks, every service gets every lock, and the versions decide alone.
  @Test func aFolderWithoutLocksKeepsNobodyOut() throws {
    try withTemporaryFolder { folder in
      let (one, other) = (StreamLocks("\(folder)/none"), StreamLocks("\(folder)/none"))
      let first = one.take("a")
      #expect(!one.areKept && first?.isNew == true && other.take("a")?.isNew == true)
    }
  }

  /// A service whose state is not the latest one writes nothing, and notices it.
  @Test func anOldStateNeverReplacesANewerOne() throws {
    try withTemporaryFolder { folder in
      func open() throws -> StreamFolder { try StreamFolder(folder, model: "m", method: "inputs", identity: "w") }
      let (one, other) = (try open(), try open())
      let saved = StreamRecord.Saved(states: [])
      let (mine, theirs) = (KnownVersion(nil), KnownVersion(nil))
      #expect(try one.write("a", saved, mine) && mine.value?.number == 1)
      #expect(try !other.write("a", saved, theirs) && theirs.value == nil && !other.isLatest("a", theirs))
      theirs.value = try other.version(of: "a")
      #expect(theirs.value == mine.value)
      #expect(try other.write("a", saved, theirs) && theirs.value?.number == 2)
      #expect(try !one.write("a", saved, mine) && !one.isLatest("a", mine))
      // The same number by another service is another state.
      let number = KnownVersion(StreamVersion(after: mine.value))
      #expect(number.value?.number == 2 && !one.isLatest("a", number))
      // The end of a stream is a change too, and a stream that begins anew has other versions.
      #expect(try !one.write("a", nil, mine))
      #expect(try other.write("a", nil, theirs) && theirs.value == nil)
      #expect(try one.version(of: "a") == nil && !one.isLatest("a", mine))
      #expect(try one.write("a", saved, KnownVersion(nil)))
      #expect(try one.version(of: "a") != mine.value)
    }
  }

  /// What a killed service has left goes at the next start. A save does not look for it, because a folder may have many
  /// files.
  @Test func temporaryFilesGoAtTheStart() throws {
    try withTemporaryFolder { folder in
      func open() throws -> StreamFolder { try StreamFolder(folder, model: "m", method: "inputs", identity: "w") }
      let streams = try open()
      let known = KnownVersion(nil)
      #expect(try streams.write("a", StreamRecord.Saved(states: []), known))
      let file = try #require(names(in: "\(folder)/m").first { $0.hasSuffix(".safetensors") })
      let left = [".\(file).tmp-1-ab", ".tmp-notes", ".\(file).tmp-1-ab.txt"]
      for name in left { try Data().write(to: URL(fileURLWithPath: "\(folder)/m/\(name)")) }
      #expect(try streams.write("a", StreamRecord.Saved(states: []), known))
      #expect(try Set(names(in: "\(folder)/m")).isSuperset(of: left))
      _ = try open()
      let kept = try Set(names(in: "\(folder)/m"))
      #expect(!kept.contains(left[0]) && kept.isSuperset(of: left[1...] + [file]))
    }
  }

  /// A damaged file, and a folder that is gone, say nothing against what is in memory.
  @Test func whatCannotBeReadOvertakesNothing() throws {
    try withTemporaryFolder { folder in
      let streams = try StreamFolder(folder, model: "m", method: "inputs", identity: "w")
      let known = KnownVersion(nil)
      #expect(try streams.write("a", StreamRecord.Saved(states: []), known))
      let file = try #require(names(in: "\(folder)/m").first { $0.hasSuffix(".safetensors") })
      try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder)/m/\(file)"))
      #expect(streams.isLatest("a", known))
      #expect(try streams.write("a", StreamRecord.Saved(states: []), known) && known.value?.number == 2)
      try FileManager.default.removeItem(atPath: "\(folder)/m")
      #expect(streams.isLatest("a", known))
    }
  }
}
