import Torch

/// What a model sees of some samples: their modalities, without targets.
public struct Inputs {
  /// One tensor per modality, in the model's order: `[B, length, features]`, `[B, features]` or `[B, C, H, W]`.
  public var modalities: [Tensor]
  /// Real steps per sample `[B]` (i64) of each modality; nil where every step is real.
  public var lengths: [Tensor?]
  /// Which modalities a sample has, `[B, M]` (bool); nil where it has all.
  public var presence: Tensor?
  /// Which steps of each modality have not been lost, `[B, length]` (bool); nil where none was.
  ///
  /// A lost step is zero after normalisation, as a missing modality is; unlike padding it is still attended to.
  public var kept: [Tensor?]

  /// Inputs of which everything is there.
  public init(_ modalities: [Tensor], lengths: [Tensor?]? = nil, presence: Tensor? = nil) {
    self.modalities = modalities
    self.lengths = lengths ?? modalities.map { _ in nil }
    self.presence = presence
    kept = modalities.map { _ in nil }
  }

  /// The number of samples.
  public var count: Int { modalities[0].size(0) }

  /// Which steps of a modality are real, `[B, L]`; nil where all are.
  ///
  /// A sample without any step (its modality is missing) keeps its first, so that no row is empty.
  public func mask(_ modality: Int) -> Tensor? {
    guard let lengths = lengths[modality] else { return nil }
    let steps = Tensor.range(modalities[modality].size(1), device: lengths.device)
    return steps.unsqueezed(0) .< lengths.clamped(1, nil).unsqueezed(1)
  }

  /// Whether a modality is there, `[B]` (bool); nil where it always is.
  public func isPresent(_ modality: Int) -> Tensor? { presence?.select(1, modality) }

  /// The samples that `indices` (i64) names.
  public func rows(_ indices: Tensor) -> Inputs {
    mapped { $0.rows(indices) }
  }

  /// The same on another device.
  public func to(_ device: Device) -> Inputs {
    mapped { $0.to(device) }
  }

  private func mapped(_ change: (Tensor) -> Tensor) -> Inputs {
    var result = Inputs(
      modalities.map(change), lengths: lengths.map { $0.map(change) }, presence: presence.map(change))
    result.kept = kept.map { $0.map(change) }
    return result
  }
}

/// Samples with their targets, for training and evaluation.
public struct Batch {
  /// What the model sees.
  public var inputs: Inputs
  /// `[B, 1]` f32 (regression), `[B]` i64 (classification) or `[B, H, W]` i64 (segmentation).
  public var target: Tensor

  /// Samples with their targets.
  public init(_ inputs: Inputs, target: Tensor) { (self.inputs, self.target) = (inputs, target) }

  /// The number of samples.
  public var count: Int { inputs.count }

  /// The same on another device.
  public func to(_ device: Device) -> Batch { Batch(inputs.to(device), target: target.to(device)) }
}

extension Inputs {
  /// The same samples with only some modalities left.
  public func keeping(_ present: [Bool]) -> Inputs {
    let mask = Tensor(present).unsqueezed(0).expanded(count, present.count).to(modalities[0].device)
    var result = self
    result.presence = presence.map { $0 .& mask } ?? mask
    return result
  }
}
