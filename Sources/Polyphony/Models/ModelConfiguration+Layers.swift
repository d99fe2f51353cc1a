import Torch

extension ModelConfiguration {
  /// Projections of all modalities to the width.
  func projections() -> [Conv1d] { modalities.map { Conv1d($0.features ?? 0, width) } }

  /// An encoder of this configuration, or one that differs in width, depth or causality.
  func encoder(width: Int? = nil, layers: Int? = nil, causal: Bool = false) -> TransformerEncoder {
    TransformerEncoder(
      width: width ?? self.width, heads: heads, layers: layers ?? self.layers, rates: dropout, causal: causal)
  }
}
