import Torch

/// The tensors of a backbone that a method of test-time adaptation changes. All others keep their exact bits.
///
/// ```swift
/// let tensors = AdaptedTensors(.norms, lastNorm: true)
/// let keys = tensors.keys(in: model.backbone)
/// ```
public struct AdaptedTensors: Equatable, Sendable {
  /// A kind of tensors.
  public enum Part: String, Sendable, CaseIterable {
    /// The method adapts no tensors.
    case none
    /// Scale and shift of the LayerNorms in transformer layers. In a backbone without such layers, those of all batch and
    /// instance normalisations.
    case norms
    /// The projections to queries, keys and values (`self_attn.in_proj_*`) in the encoders that combine modalities
    /// (``Backbone/fusionPrefixes``). If only the head combines them, those of all encoders.
    case attention
    /// The method adapts all parameters.
    case all
  }

  /// The kind of tensors.
  public var part: Part
  /// True if `norms` includes the LayerNorm after the last layer of each encoder (`layer_norm.`).
  public var lastNorm: Bool
  /// The number of layers to omit at the end of each encoder; nil for a quarter, rounded down.
  public var skippedLayers: Int?
  /// True if running statistics of batch normalisations also change.
  public var changesStatistics: Bool

  /// Makes a choice of tensors.
  public init(_ part: Part, lastNorm: Bool = false, skippedLayers: Int? = 0, changesStatistics: Bool = false) {
    (self.part, self.lastNorm) = (part, lastNorm)
    (self.skippedLayers, self.changesStatistics) = (skippedLayers, changesStatistics)
  }

  /// The keys of the chosen parameters in a backbone.
  public func keys(in backbone: any Backbone) -> Set<String> {
    let keys = backbone.parameters().map(\.key)
    switch part {
    case .none: return []
    case .all: return Set(keys)
    case .norms:
      let skipped = skippedPrefixes(backbone)
      let inner = backbone.encoderLayers().flatMap { key, layer in
        layer.modules(LayerNorm.self, key).map { $0.key + "." }
      }
      let norms = keys.filter { key in
        (inner.contains { key.hasPrefix($0) } && !skipped.contains { key.hasPrefix($0) })
          || (lastNorm && key.contains(".layer_norm."))
      }
      return Set(norms.isEmpty ? backbone.mapNorms().flatMap { ["\($0).weight", "\($0).bias"] } : norms)
    case .attention:
      let all = keys.filter { $0.contains("self_attn.in_proj_") }
      let prefixes = backbone.fusionPrefixes
      let meeting = all.filter { key in prefixes.contains { key.hasPrefix($0) } }
      return Set(meeting.isEmpty ? all : meeting)
    }
  }

  /// Freezes a model except for these tensors.
  /// - Throws: `Fault(.usage)` if the model has none of them.
  public func install(on model: MultimodalModel, method: String) throws(Fault) {
    let keys = keys(in: model.backbone)
    guard !keys.isEmpty || part == .none else {
      throw Fault(
        .usage, "the model has nothing that this method adapts", key: "--method", found: method,
        expected: part == .attention ? "a backbone with attention" : "a backbone with \(part.rawValue)",
        remedy: "choose another method, such as casp-contrast or tent, for \(model.configuration.architecture)")
    }
    model.backbone.freeze()
    for attachment in model.attachments { attachment.freeze() }
    model.backbone.unfreeze { keys.contains($0) }
  }

  /// The prefixes of the keys in omitted layers.
  private func skippedPrefixes(_ backbone: any Backbone) -> [String] {
    let layers = backbone.encoderLayers().map(\.key)
    // `encoders.0.layers.4` belongs to the encoder `encoders.0.layers`.
    let byEncoder = Dictionary(grouping: layers) { key in key.split(separator: ".").dropLast().joined(separator: ".") }
    return byEncoder.values.flatMap { keys in keys.suffix(skippedLayers ?? keys.count / 4).map { $0 + "." } }
  }
}

extension Module {
  /// All batch normalisations in this module with their keys.
  func batchNorms() -> [(key: String, norm: BatchNorm2d)] { modules(BatchNorm2d.self).map { ($0.key, $0.module) } }

  /// The keys of all normalisations of maps: batch and instance normalisations.
  func mapNorms() -> [String] { batchNorms().map(\.key) + modules(InstanceNorm.self).map(\.key) }
}
