import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyService
@testable import PolyphonySupport

/// A running service with the models of the tests of `predict`: `all` needs every modality, `some` can miss them.
///
/// Several threads may read it, because nothing changes its tensors.
struct ServedGestures: @unchecked Sendable {
  let gestures: PredictProgramTests.Gestures
  let service: PredictionService
  /// The twelve samples of the test split.
  let samples: UnlabelledSplit

  init(
    _ gestures: PredictProgramTests.Gestures, _ change: (inout PredictionService.Options) throws -> Void = { _ in }
  ) throws {
    self.gestures = gestures
    var options = PredictionService.Options(models: [
      ModelSource(name: "all", folder: gestures.model),
      ModelSource(name: "some", folder: gestures.model, adapter: gestures.adapter),
    ])
    (options.port, options.delay) = (0, 0)
    try change(&options)
    service = try PredictionService(options)
    service.start()
    samples = try Dataset(gestures.data).unlabelled("test")
  }

  /// Runs a test with a service of new models, and stops the service.
  static func with(
    _ change: (inout PredictionService.Options) throws -> Void = { _ in }, _ body: (ServedGestures) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in try with(.init(folder), change, body) }
  }

  /// Runs a test with a service of some models, and stops the service.
  static func with(
    _ gestures: PredictProgramTests.Gestures, _ change: (inout PredictionService.Options) throws -> Void,
    _ body: (ServedGestures) throws -> Void
  ) throws {
    let served = try ServedGestures(gestures, change)
    defer { served.service.stop() }
    try body(served)
  }

  /// Runs clients at the same time, each on a thread of its own, and waits for all.
  static func together(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let group = DispatchGroup()
    for place in 0..<count {
      group.enter()
      Thread.detachNewThread {
        body(place)
        group.leave()
      }
    }
    group.wait()
  }

  var client: ServiceClient { ServiceClient(service.port) }

  /// What `predict` computes for the same samples in one batch.
  func expected(_ model: String, _ inputs: Inputs? = nil) throws -> Predictions {
    let loaded = try ModelWithAdapter(gestures.model, adapter: model == "some" ? gestures.adapter : nil).model
    return loaded.predict(UnlabelledSplit(name: "input", inputs: inputs ?? samples.inputs))
  }

  /// The inputs of some samples as JSON. Samples without sound have the presence 0 there.
  func document(_ rows: Range<Int>, without modality: String? = nil, more: String = "") -> String {
    let inputs = samples.rows(Array(rows))
    let names = ["imu", "audio"]
    var tensors: [String] = []
    for (index, name) in names.enumerated() where name != modality {
      tensors.append(Self.tensor(name, "FP32", inputs.modalities[index]))
      if let lengths = inputs.lengths[index] { tensors.append(Self.tensor("\(name).length", "INT64", lengths)) }
    }
    if modality == nil, let presence = inputs.presence { tensors.append(Self.tensor("presence", "BOOL", presence)) }
    return "{\"inputs\": [\(tensors.joined(separator: ", "))]\(more)}"
  }

  static func tensor(_ name: String, _ datatype: String, _ tensor: Tensor) -> String {
    let data = tensor.doubles.map { datatype == "FP32" ? "\($0)" : "\(Int($0))" }.joined(separator: ", ")
    return "{\"name\": \"\(name)\", \"datatype\": \"\(datatype)\", \"shape\": \(tensor.shape), \"data\": [\(data)]}"
  }
}

extension ServiceClient.Answer {
  /// The numbers of an output.
  func floats(_ name: String) -> [Float] {
    output(name)?["data"].map { $0.elements.compactMap { $0.finite.map { Float($0) } } } ?? []
  }

  /// An output's object.
  func output(_ name: String) -> OrderedJSON? { json["outputs"]?.elements.first { $0["name"] == .string(name) } }
}
