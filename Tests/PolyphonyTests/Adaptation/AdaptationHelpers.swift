import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySettings
@testable import PolyphonySupport

/// A small adaptation with model, target and method by name.
struct Adapting {
  var architecture = "late_fusion"
  var kind = PredictionTask.Kind.regression
  var method = "casp"
  var settings = ""
  var count = 20
  var batchSize = 6
  var isOnline = false
  var dropout = 0.0
  var modalities = 3
  var seed: UInt64 = 1

  /// Fewer epochs than published, and a share that selects several of few samples.
  static let short = "contrast_epochs: 4, snapshot_interval: 2, pseudo_epochs: 2, share: 0.3"
  static let casp = ["casp", "casp-contrast", "casp-pseudo", "casp-random"]

  /// A method with settings that have an effect on a small target.
  static func named(_ name: String, online: Bool = false) -> Adapting {
    var result = Adapting()
    (result.method, result.isOnline) = (name, online)
    // A stream of four batches is half a window of the default size.
    if casp.contains(name) { result.settings = short + (online ? ", pseudo_interval: 1" : "") }
    if name == "mean-teacher" { result.settings = "views: 3" }
    // The margin makes every sample reliable, because a random model has no confidence.
    if name == "eata" { result.settings = "margin: 1.1, redundancy: 1" }
    if name == "sar" { result.settings = "margin: 1.1, reset_below: 0" }
    return result
  }

  var configuration: ModelConfiguration {
    var configuration = Tiny.configuration(architecture, kind, modalities: modalities)
    configuration.dropout = DropoutRates(
      attention: dropout, relu: dropout, residual: dropout, embedding: dropout, output: 0)
    return configuration
  }

  func model() throws -> MultimodalModel { try Tiny.model(configuration).withSourceMoments() }

  func samples() -> UnlabelledSplit {
    UnlabelledSplit(name: "target", inputs: Tiny.batch(configuration, count: count).inputs)
  }

  func makeMethod() throws -> any AdaptationMethod {
    // A random model's predictions hardly differ, and each update moves them by several times their spread.
    let bounds = settings.contains("guard:") ? "" : ", guard: {max_movement: 1000}"
    let all = "batch_size: \(batchSize), learning_rate: 0.01" + (settings.isEmpty ? "" : ", \(settings)") + bounds
    let configuration = configuration
    let tree = try SettingsTree(yaml: "{\(all)}", file: "settings")
    return try SettingsReader.read(tree) { (reader) throws(Fault) in
      try AdaptationMethods.maker(method)(reader, configuration)
    }.value
  }

  func loop(
    _ model: MultimodalModel, _ samples: UnlabelledSplit? = nil, folder: String? = nil,
    method: (any AdaptationMethod)? = nil, group: ProcessGroup? = nil
  ) throws -> AdaptationLoop {
    try AdaptationLoop(
      model, samples: samples ?? self.samples(), method: try method ?? makeMethod(), isOnline: isOnline, seed: seed,
      folder: folder, group: group)
  }

  /// A run with its own random numbers, because tests run in parallel.
  func run(_ samples: UnlabelledSplit? = nil) throws -> (model: MultimodalModel, outcome: AdaptationOutcome) {
    let model = try model()
    return (model, try ownRandomNumbers { try loop(model, samples).run(isStopped: { false }) })
  }
}

extension MultimodalModel {
  /// The same model with the moments of random samples, as a training leaves them.
  func withSourceMoments() -> MultimodalModel {
    let batch = Tiny.batch(configuration, count: 30, seed: 11)
    let source = LabelledSplit(
      samples: UnlabelledSplit(name: "source", inputs: batch.inputs), target: batch.target)
    sourceMoments = .measured(self, training: source, validation: source)
    return self
  }
}

/// Runs `body` with a generator and a dropout stream that no other test uses.
func ownRandomNumbers<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Generator.ofThread.withValue(Generator(seed: 0)) {
    try DropoutStream.ofThread.withValue(DropoutStream(.init(seed: 0, offset: 0)), body)
  }
}
