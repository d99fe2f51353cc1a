import Foundation
import Testing

@testable import Polyphony
@testable import PolyphonySettings
@testable import PolyphonySupport

/// Runs on their way to a tracking server of MLflow. A server in this process stands for it.
@Suite(.enabled(if: RecordingServer.hasClient, "needs the program curl")) struct TrackingTests {
  /// Answers as MLflow does.
  private static func mlflow(_ request: RecordingServer.Request) -> (status: Int, body: String) {
    switch request.path.split(separator: "?")[0].replacing("/api/2.0/mlflow/", with: "") {
    case "experiments/get-by-name": (404, #"{"error_code": "RESOURCE_DOES_NOT_EXIST"}"#)
    case "experiments/create": (200, #"{"experiment_id": "7"}"#)
    case "runs/create":
      (200, #"{"run": {"info": {"run_id": "r1", "artifact_uri": "mlflow-artifacts:/7/r1/artifacts"}}}"#)
    default: (200, "{}")
    }
  }

  /// A grid of small trainings that tells a tracker.
  private static func grid(
    _ folder: String, _ variables: [String: String], notes: Locked<[String]>, seeds: [UInt64] = [0], epochs: Int = 2
  ) throws -> (grid: MethodGrid<TrainLife>, tracker: RunTracker) {
    var generator = SyntheticSentiment()
    generator.samples = 40
    try DatasetWriter.write(generator.description, try generator.make(), to: folder + "/data")
    let recipe = try SettingsTree(
      yaml: "{model: {width: 4, heads: 2, layers: 1}, training: {epochs: \(epochs), batch_size: 32}}", file: "recipe")
    let tracker = try #require(RunTracker(variables))
    tracker.onNote { note in notes.update { $0.append(note) } }
    var grid = MethodGrid(
      TrainLife(recipe: recipe, data: folder + "/data"), output: folder + "/runs", seeds: seeds)
    grid.tracker = tracker
    return (grid, tracker)
  }

  @Test func aRunLeavesParametersMetricsAndFiles() throws {
    try withTemporaryFolder { folder in
      let server = RecordingServer(Self.mlflow)
      let notes = Locked<[String]>([])
      let (grid, tracker) = try Self.grid(
        folder,
        [
          "MLFLOW_TRACKING_URI": "http://127.0.0.1:\(server.port)/", "MLFLOW_EXPERIMENT_NAME": "a \"b\" & ü",
          "MLFLOW_RUN_NAME": "mine", "MLFLOW_TRACKING_TOKEN": "secret\"token",
        ], notes: notes)
      let outcome = try grid.run()
      tracker.finish()
      #expect(notes.value.isEmpty)
      let requests = server.requests
      #expect(requests[0].path.hasSuffix("get-by-name?experiment_name=a%20%22b%22%20%26%20%C3%BC"))
      #expect(requests[1].json["name"] == "a \"b\" & ü")
      #expect(requests.allSatisfy { $0.headers.contains("Authorization: Bearer secret\"token") })
      let made = try #require(requests.first { $0.path.hasSuffix("runs/create") }?.json)
      #expect(made["experiment_id"] == "7" && made["run_name"] == "mine")
      let batches = requests.filter { $0.path.hasSuffix("log-batch") }.map(\.json)
      func entries(_ key: String) -> [OrderedJSON] { batches.flatMap { $0[key]?.elements ?? [] } }
      let parameters = entries("params")
      for (key, value) in [("method", "joint"), ("seed", "0"), ("training.epochs", "2"), ("model.width", "4")] {
        #expect(parameters.contains(["key": .string(key), "value": .string(value)]), "\(key)")
      }
      let metrics = entries("metrics")
      let losses = metrics.filter { $0["key"] == "train/loss" }
      #expect(losses.count == 2 && losses[0]["step"] != losses[1]["step"])
      let mae = try #require(outcome.scores[0][0].metrics["mae"])
      #expect(metrics.first { $0["key"] == "test/mae" }?["value"] == .number(mae))
      let files = requests.filter { $0.method == "PUT" }
      let place = "/api/2.0/mlflow-artifacts/artifacts/7/r1/artifacts/"
      #expect(files.map(\.path) == ["results.json", "recipe.yaml", "README.md"].map { place + $0 })
      #expect(files[1].body == text(of: "\(folder)/runs/recipe.yaml"))
      #expect(try ResultsDocument(parsing: files[0].body).results[0].metrics["mae"]?.mean == mae)
      let last = try #require(requests.last)
      #expect(last.path.hasSuffix("runs/update") && last.json["status"] == "FINISHED" && last.json["run_id"] == "r1")
    }
  }

  @Test func aFailedRunIsMarked() throws {
    try withTemporaryFolder { folder in
      let server = RecordingServer(Self.mlflow)
      let (made, tracker) = try Self.grid(
        folder, ["MLFLOW_TRACKING_URI": "http://127.0.0.1:\(server.port)"], notes: Locked([]))
      var grid = made
      grid.didScore = { (_, _, _) throws(Fault) in throw Fault(.failure, "no space") }
      #expect(throws: Fault.self) { try grid.run() }
      tracker.finish()
      let states = server.requests.filter { $0.path.hasSuffix("runs/update") }.map { $0.json["status"] }
      #expect(states.last == "FAILED")
    }
  }

  /// The runs are the same with a server that refuses and with a port where nobody listens.
  @Test func aDeadServerCostsOneNote() throws {
    try withTemporaryFolder { folder in
      let refusing = RecordingServer { _ in (500, #"{"message": "out of order"}"#) }
      var scores: [[Double?]] = []
      for (address, mention) in [
        ("http://127.0.0.1:\(refusing.port)", "status 500: out of order"), ("http://127.0.0.1:9", "127.0.0.1"),
        ("http://user:secret@127.0.0.1:9", "MLflow at 127.0.0.1:9"), ("file:///tmp/mlruns", "http and https alone"),
        ("databricks", "http and https alone"),
      ] {
        let place = "\(folder)/\(scores.count)"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let notes = Locked<[String]>([])
        let (grid, tracker) = try Self.grid(
          place, ["MLFLOW_TRACKING_URI": address, "MLFLOW_TRACKING_PASSWORD": "secret"], notes: notes, seeds: [0, 1],
          epochs: 1)
        scores.append(try ownRandomNumbers { try grid.run() }.scores[0].map { $0.metrics["mae"] })
        tracker.finish()
        let told = notes.value
        #expect(told[0].contains(mention), "\(told)")
        #expect(told.count == (address.hasPrefix("http") ? 2 : 1), "\(told)")
        #expect(!told.joined().contains("secret"))
      }
      #expect(Set(scores).count == 1)
    }
  }

  /// The weights are those of a run without a server, bit for bit.
  @Test func aDeadServerChangesNoWeight() throws {
    try withTemporaryFolder { folder in
      try Program.succeed(["data", "synthesize", "--output", "data", "--samples", "40"], in: folder)
      for (output, address) in [("without", nil), ("with", "http://127.0.0.1:9")] as [(String, String?)] {
        try Program.succeed(
          ["train", "--data", "data", "--output", output] + ResumeTests.settings, in: folder,
          environment: ["MLFLOW_TRACKING_URI": address])
      }
      let weights = ["without", "with"].map {
        FileManager.default.contents(atPath: "\(folder)/\($0)/model/model.safetensors")
      }
      #expect(weights[0] != nil && weights[0] == weights[1])
    }
  }

  @Test func nothingHappensWithoutTheVariable() {
    #expect(RunTracker([:]) == nil && RunTracker(["MLFLOW_TRACKING_URI": ""]) == nil)
  }

  /// A server that answers nothing until the run is over does not hold the run up.
  @Test func aSlowServerHoldsNothingUp() throws {
    try withTemporaryFolder { folder in
      let gate = DispatchSemaphore(value: 0)
      let server = RecordingServer { request in
        gate.wait()
        gate.signal()
        return Self.mlflow(request)
      }
      let (grid, tracker) = try Self.grid(
        folder, ["MLFLOW_TRACKING_URI": "http://127.0.0.1:\(server.port)"], notes: Locked([]), epochs: 3)
      _ = try grid.run()
      #expect(!server.requests.contains { $0.path.hasSuffix("runs/create") })
      gate.signal()
      tracker.finish()
      let losses = server.requests.flatMap { $0.json["metrics"]?.elements ?? [] }.filter { $0["key"] == "train/loss" }
      #expect(losses.count == 3)
    }
  }
}
