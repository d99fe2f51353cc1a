import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySettings
@testable import PolyphonySupport

/// A tuning method and settings that fit the small golden models.
struct TuningCase: CustomTestStringConvertible, Sendable {
  let method: String
  let settings: String

  init(_ method: String, _ settings: String = "") { (self.method, self.settings) = (method, settings) }

  var testDescription: String { settings.isEmpty ? method : "\(method) {\(settings)}" }

  var tree: SettingsTree {
    get throws { settings.isEmpty ? .empty : try SettingsTree(yaml: "{\(settings)}", file: "settings") }
  }

  func make(_ configuration: ModelConfiguration) throws -> any TuningMethod {
    let maker = try TuningMethods.maker(method)
    return try SettingsReader.read(tree) { (reader) throws(Fault) in try maker(reader, configuration) }.value
  }

  func install(on model: MultimodalModel) throws -> Installation {
    try Installation(make(model.configuration), on: model)
  }

  /// True if the output at the start is the base's.
  var startsAtBase: Bool { !["prompt", "prefix"].contains(method) }

  static let small = "bottleneck: 4, feature_rank: 2, token_rank: 3, steps: 2, constant: false"
  static let withConstant = "bottleneck: 4, feature_rank: 2, token_rank: 3, steps: 2"

  static let all = [
    TuningCase("full"), TuningCase("head"), TuningCase("bitfit"), TuningCase("lora", "rank: 2"),
    TuningCase("lora", "rank: 2, targets: [q, k, v, out, fc1, fc2], rank_stabilized: true"),
    TuningCase("adapter"), TuningCase("adapter", "variant: houlsby, bottleneck: 3"), TuningCase("prompt", "length: 3"),
    TuningCase("prefix", "length: 3"), TuningCase("prefix", "length: 3, hidden: 4"), TuningCase("ia3"),
    TuningCase("compacter", "blocks: 2, bottleneck: 4, rank: 2"), TuningCase("lmf", "bottleneck: 4, feature_rank: 2"),
    TuningCase("lmf", "bottleneck: 4, feature_rank: 2, placement: every"), TuningCase("concat", "bottleneck: 4"),
    TuningCase("concat", "bottleneck: 4, placement: every"), TuningCase("cross_attention", "bottleneck: 4"),
    TuningCase("cross_attention", "bottleneck: 4, placement: every"), TuningCase("moka", "rank: 2"),
    TuningCase("wander", small),
    TuningCase("wander", withConstant + ", readout: first"),
    TuningCase("wander", small + ", placement: every"),
    TuningCase("wander", withConstant + ", placement: every"),
  ]

  /// One case for each method, and both placements of Wander.
  static let principal = all.filter { tuning in
    all.first { $0.method == tuning.method }?.settings == tuning.settings
      || tuning.settings.hasSuffix("placement: every")
  }

  static let backbones = ["late_fusion", "early_fusion", "encoder_fusion", "mult"]
}

/// The bytes of every tensor of a backbone.
func bytes(_ model: MultimodalModel) -> [String: [UInt8]] {
  Dictionary(uniqueKeysWithValues: model.backbone.storage().map { ($0.key, $0.storage.tensor!.withBytes(Array.init)) })
}

/// Makes steps of plain gradient descent on the golden target and returns the keys of trained tensors with a gradient.
@discardableResult
func train(_ model: MultimodalModel, _ golden: Golden, steps: Int, rate: Double = 0.05) throws -> Set<String> {
  let optimizer = SGD([ParameterGroup("all", model.trainableParameters(), learningRate: rate)], momentum: 0)
  var moved: Set<String> = []
  for _ in 0..<steps {
    optimizer.zeroGradients()
    try golden.loss(model(try golden.inputs).prediction).backward()
    for (key, stored) in model.trainableParameters() where stored.tensor!.gradient!.abs().maximum().item > 0 {
      moved.insert(key)
    }
    optimizer.step()
  }
  return moved
}

/// Gives all trained tensors random values, so that none is zero.
func scatter(_ model: MultimodalModel, seed: UInt64 = 7) {
  let generator = Generator(seed: seed)
  noGrad {
    for (_, stored) in model.trainableParameters() {
      let tensor = stored.tensor!
      tensor.detached().addInPlace(Tensor.normal(tensor.shape, generator: generator).to(tensor.dtype), scale: 0.1)
    }
  }
}
