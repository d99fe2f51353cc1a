import Torch

/// Which tensors of a backbone a method of test-time adaptation changes; all others stay as they are, bit for bit.
public struct AdaptedTensors: Equatable, Sendable {
  /// A kind of tensors.
  public enum Part: String, Sendable, CaseIterable {
    /// None.
    case none
    /// Scale and shift of the LayerNorms of the layers (keys with `layer_norms.`); of all batch normalisations where a
    /// backbone has no such LayerNorms.
    case norms
    /// What makes queries, keys and values (`self_attn.in_proj_*`): of the encoders in which modalities meet
    /// (``Backbone/fusionPrefixes``), or of all where they meet in the head.
    case attention
    /// Everything.
    case all
  }

  /// The kind.
  public var part: Part
  /// Whether `norms` includes the LayerNorm behind the last layer of each encoder (`layer_norm.`).
  public var lastNorm: Bool
  /// How many layers before the end of each encoder are left out; nil for a quarter, rounded down.
  public var skippedLayers: Int?
  /// Whether running statistics of batch normalisations change too.
  public var changesStatistics: Bool

  /// A choice.
  public init(_ part: Part, lastNorm: Bool = false, skippedLayers: Int? = 0, changesStatistics: Bool = false) {
    (self.part, self.lastNorm) = (part, lastNorm)
    (self.skippedLayers, self.changesStatistics) = (skippedLayers, changesStatistics)
  }

  /// The keys of the parameters in a backbone.
  public func keys(in backbone: any Backbone) -> Set<String> {
    let keys = backbone.parameters().map(\.key)
    switch part {
    case .none: return []
    case .all: return Set(keys)
    case .norms:
      let skipped = skippedPrefixes(backbone)
      let norms = keys.filter { key in
        (key.contains("layer_norms.") && !skipped.contains { key.hasPrefix($0) })
          || (lastNorm && key.contains(".layer_norm."))
      }
      return Set(norms.isEmpty ? backbone.batchNorms().flatMap { ["\($0.key).weight", "\($0.key).bias"] } : norms)
    case .attention:
      let all = keys.filter { $0.contains("self_attn.in_proj_") }
      let prefixes = backbone.fusionPrefixes
      let meeting = all.filter { key in prefixes.contains { key.hasPrefix($0) } }
      return Set(meeting.isEmpty ? all : meeting)
    }
  }

  /// Freezes a model except for these tensors.
  /// - Throws: `Fault(.usage)` where the model has none of them.
  public func install(on model: MultimodalModel, method: String) throws(Fault) {
    let keys = keys(in: model.backbone)
    guard !keys.isEmpty || part == .none else {
      throw Fault(
        .usage, "the model has nothing that this method adapts", key: "--method", found: method,
        expected: part == .attention ? "a backbone with attention" : "a backbone with \(part.rawValue)",
        remedy: "choose another method, such as casp or tent, for \(model.configuration.architecture)")
    }
    model.backbone.freeze()
    for attachment in model.attachments { attachment.freeze() }
    model.backbone.unfreeze { keys.contains($0) }
  }

  /// Keys of the layers that are left out start with one of these.
  private func skippedPrefixes(_ backbone: any Backbone) -> [String] {
    let layers = backbone.encoderLayers().map(\.key)
    // `encoders.0.layers.4` belongs to the encoder `encoders.0.layers`.
    let byEncoder = Dictionary(grouping: layers) { key in key.split(separator: ".").dropLast().joined(separator: ".") }
    return byEncoder.values.flatMap { keys in keys.suffix(skippedLayers ?? keys.count / 4).map { $0 + "." } }
  }
}

extension Module {
  /// Every batch normalisation in this module with its key.
  func batchNorms(_ prefix: String = "") -> [(key: String, norm: BatchNorm2d)] {
    children.flatMap { key, module -> [(key: String, norm: BatchNorm2d)] in
      let path = prefix.isEmpty ? key : "\(prefix).\(key)"
      if let norm = module as? BatchNorm2d { return [(path, norm)] }
      return module.batchNorms(path)
    }
  }
}
