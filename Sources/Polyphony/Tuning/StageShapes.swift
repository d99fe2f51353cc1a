import Torch

/// The shapes between the stages of a backbone, measured with one sample of zeros, so that a method fits any
/// architecture.
struct StageShapes {
  /// The features per step of each modality after embedding.
  let embedded: [Int]
  /// The number of calls of a hook after encoder layers; 0 if the modalities' encoders do not run in step.
  let encoderLayers: Int
  /// The number of calls of a hook after layers of an encoder over all modalities; 0 without such an encoder.
  let fusionLayers: Int
  /// The features per step of each modality after encoding.
  let encoded: [Int]
  /// The features per step after fusing.
  let fused: Int
  /// True if fusing joins all modalities in time, false if it keeps one sequence for each.
  let isJoined: Bool
  /// The number of read-out steps in a representation, side by side.
  let readouts: Int
  /// True if the representation is the first fused step and no other.
  let readsFirstStep: Bool

  /// True if modalities have encoders of their own that run in step.
  var encodesSeparately: Bool { encoderLayers > 0 }

  /// Measures a model's backbone with one sample.
  /// - Throws: `Fault(.usage)` for images, and for stages that do not fit a method that joins modalities.
  init(of model: MultimodalModel) throws(Fault) {
    let configuration = model.configuration
    if let image = configuration.modalities.first(where: \.isMapped) {
      throw Fault(
        .usage, "the tuning method reads sequences or vectors", key: "modalities.\(image.name)",
        found: image.kind.rawValue, expected: "sequence or vector", remedy: "use full, head, bitfit, lora or adapter")
    }
    let inputs = model.backbone.zeroSample
    // Another method's adapters are no part of the architecture.
    let layers = model.backbone.encoderLayers().map { ($0.layer, $0.layer.adapter) }
    for (layer, _) in layers { layer.adapter = nil }
    defer { for (layer, adapter) in layers { layer.adapter = adapter } }
    var (encoderLayers, fusionLayers) = (0, 0)
    let (embedded, encoded, fused, representation) = model.evaluating {
      noGrad {
        let embedded = model.backbone.embed(inputs)
        let encoded = model.backbone.encode(embedded) { _, tokens in
          encoderLayers += 1
          return tokens
        }
        let fused = model.backbone.fuse(encoded) { _, tokens in
          fusionLayers += 1
          return tokens
        }
        return (embedded, encoded, fused, model.backbone.represent(fused))
      }
    }
    self.embedded = embedded.map { $0.values.size(2) }
    (self.encoderLayers, self.fusionLayers) = (encoderLayers, fusionLayers)
    self.encoded = encoded.map { $0.values.size(2) }
    let width = fused.first.map { $0.values.size(2) } ?? 1
    self.fused = width
    let joined = fused.count == 1 && configuration.modalities.count > 1
    isJoined = joined
    readouts = representation.size(1) / max(1, width)
    readsFirstStep =
      fused.count == 1 && fused[0].first.shape == representation.shape
      && fused[0].first.floats == representation.floats
    let total = encoded.map(\.length).reduce(0, +)
    guard joined ? fused[0].length == total : fused.count == configuration.modalities.count,
      fused.allSatisfy({ $0.values.size(2) == width }), representation.size(1) == readouts * width, readouts > 0
    else {
      throw Fault(
        .usage, "the tuning method cannot find the modalities in what this architecture fuses", key: "--method",
        found: configuration.architecture,
        expected: "one sequence per modality, or all joined in time, and a representation of their steps")
    }
  }
}

extension Tokens {
  /// The pieces of these lengths, one after the other in time.
  func split(_ lengths: [Int]) -> [Tokens] {
    let masks = mask?.split(lengths, 1)
    return values.split(lengths, 1).enumerated().map { Tokens($1, mask: masks?[$0]) }
  }
}
