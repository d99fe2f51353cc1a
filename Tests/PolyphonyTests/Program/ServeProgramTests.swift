import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonySupport

/// Runs `polyphony serve` as a user does: a process that says where it listens, and ends on request.
@Suite struct ServeProgramTests {
  /// A running service.
  final class Service {
    let process = Process()
    private let errors = Pipe()
    /// The lines on standard error until the service listens.
    private(set) var lines: [String] = []
    private(set) var port: UInt16 = 0

    init(_ arguments: [String]) throws {
      process.executableURL = URL(fileURLWithPath: Program.path)
      process.arguments = ["serve", "--port", "0", "--threads", "1"] + arguments
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      process.standardError = errors
      try process.run()
      var text = ""
      while port == 0 {
        let data = errors.fileHandleForReading.availableData
        guard !data.isEmpty else { break }
        text += String(decoding: data, as: UTF8.self)
        lines = text.split(separator: "\n").map(String.init)
        guard text.hasSuffix("\n"), let line = lines.first(where: { $0.hasPrefix("serving ") }) else { continue }
        port = UInt16(line.split(separator: ":").last ?? "") ?? 0
      }
    }

    deinit { if process.isRunning { process.terminate() } }

    /// Waits for the end, and returns the exit code with the rest of standard error.
    func end() -> (code: Int32, text: String) {
      let rest = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      return (process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus, rest)
    }
  }

  /// The numbers are those of `polyphony predict`. A request that runs when the service is told to stop gets its answer.
  @Test func itServesAndEnds() throws {
    try withTemporaryFolder { folder in
      let gestures = try PredictProgramTests.Gestures(folder)
      let file = try gestures.predict("x.safetensors", ["--data", gestures.data, "--adapter", gestures.adapter])
      let expected = try SafetensorsFile(path: file).tensor("prediction").floats
      let service = try Service([
        "--model", "day=\(gestures.model)", "--adapter", gestures.adapter, "--max-delay", "300",
      ])
      #expect(service.lines == ["serving day at http://127.0.0.1:\(service.port)"])
      let samples = try Dataset(gestures.data).unlabelled("test")
      let inputs = samples.rows(Array(0..<12))
      let tensors = [
        ServedGestures.tensor("imu", "FP32", inputs.modalities[0]),
        ServedGestures.tensor("audio", "FP32", inputs.modalities[1]),
        ServedGestures.tensor("audio.length", "INT64", inputs.lengths[1]!),
        ServedGestures.tensor("presence", "BOOL", inputs.presence!),
      ]
      let client = ServiceClient(service.port)
      #expect(client.get("/v2/health/ready")?.status == 200)
      client.send("POST", "/v2/models/day/infer", Array("{\"inputs\": [\(tensors.joined(separator: ","))]}".utf8))
      // The request waits for others when the signal comes, or it is on its way.
      let other = ServiceClient(service.port)
      #expect(other.get("/metrics")?.status == 200)
      service.process.terminate()
      let answer = client.receive()
      #expect(answer?.floats("prediction") == expected, "\(answer?.text ?? "closed")")
      let (code, text) = service.end()
      #expect(code == 0 && text.isEmpty, "\(text)")
    }
  }

  /// A port that another program has is an error with a remedy.
  @Test func aTakenPortIsAnError() throws {
    let server = RecordingServer { _ in (200, "") }
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      let outcome = try Program.run(["serve", "--model", data.model, "--port", "\(server.port)"])
      #expect(
        outcome.code == 70 && outcome.errors.contains("another program listens on this port"), "\(outcome.errors)")
      #expect(outcome.errors.contains("choose another --port"))
    }
  }
}
