import Torch

/// The modalities of some samples, without targets: the input of a model.
///
/// ```swift
/// let motion = Tensor.zeros([4, 12, 3])
/// let force = Tensor.zeros([4, 2])
/// let inputs = Inputs([motion, force], lengths: [Tensor([12, 9, 12, 7]), nil])
/// let motionAlone = inputs.keeping([true, false])
/// ```
public struct Inputs {
  /// One tensor per modality, in the model's order: `[B, length, features]`, `[B, features]` or `[B, C, H, W]`, and for raw
  /// inputs of an encoder inside the model whole numbers `[B, …]` of their kind.
  public var modalities: [Tensor]
  /// The number of real steps per sample, `[B]` i64 for each modality; nil if every step is real.
  public var lengths: [Tensor?]
  /// The presence of each modality in each sample, `[B, M]` bool; nil if nothing is missing.
  public var presence: Tensor?
  /// The steps that are not lost, `[B, length]` bool for each modality; nil if no step is lost.
  ///
  /// A lost step is zero after normalisation, like a missing modality. Attention still reads it, in contrast to
  /// padding.
  public var kept: [Tensor?]

  /// Makes inputs in which no step is lost.
  public init(_ modalities: [Tensor], lengths: [Tensor?]? = nil, presence: Tensor? = nil) {
    self.modalities = modalities
    self.lengths = lengths ?? modalities.map { _ in nil }
    self.presence = presence
    kept = modalities.map { _ in nil }
  }

  /// The number of samples.
  public var count: Int { modalities[0].size(0) }

  /// The mask of a modality's real steps, `[B, L]` bool; nil if all steps are real.
  ///
  /// A sample that lacks the modality has length 0. Its first step then counts as real, so that no row is empty.
  public func mask(_ modality: Int) -> Tensor? {
    guard let lengths = lengths[modality] else { return nil }
    let steps = Tensor.range(modalities[modality].size(1), device: lengths.device)
    return steps.unsqueezed(0) .< lengths.clamped(1, nil).unsqueezed(1)
  }

  /// The presence of one modality, `[B]` bool; nil if nothing is missing.
  public func isPresent(_ modality: Int) -> Tensor? { presence?.select(1, modality) }

  /// The places of the samples that have a modality.
  package func presentRows(_ modality: Int) -> [Int] {
    guard let present = isPresent(modality)?.integers else { return Array(0..<count) }
    return present.indices.filter { present[$0] != 0 }
  }

  /// The steps of a modality that hold values, `[B, L]` bool, or `[B, 1]` if only whole samples lack it; nil if all do.
  ///
  /// Padding, lost steps and missing modalities hold none.
  func validSteps(_ modality: Int) -> Tensor? {
    let parts = [mask(modality), kept[modality], isPresent(modality)?.unsqueezed(1)].compactMap(\.self)
    guard let first = parts.first else { return nil }
    return parts.dropFirst().reduce(first) { $0 .& $1 }
  }

  /// The samples at `indices` (i64).
  public func rows(_ indices: Tensor) -> Inputs {
    mapped { $0.rows(indices) }
  }

  /// The same inputs on another device.
  public func to(_ device: Device) -> Inputs {
    mapped { $0.to(device) }
  }

  /// The same inputs with f32 numbers in place of f16 and bf16 ones. Every such number has an equal one in f32.
  var widened: Inputs {
    let narrow: [DType] = [.float16, .bfloat16]
    guard modalities.contains(where: { narrow.contains($0.dtype) }) else { return self }
    var result = self
    result.modalities = modalities.map { narrow.contains($0.dtype) ? $0.to(.float32) : $0 }
    return result
  }

  private func mapped(_ change: (Tensor) -> Tensor) -> Inputs {
    var result = Inputs(
      modalities.map(change), lengths: lengths.map { $0.map(change) }, presence: presence.map(change))
    result.kept = kept.map { $0.map(change) }
    return result
  }
}

/// Samples with their targets, for training and evaluation.
///
/// ```swift
/// let batch = Batch(inputs, target: Tensor([0, 2, 1, 0]))
/// let prediction = model(batch.inputs).prediction
/// let loss = TaskLoss(model.configuration.task)(prediction, batch.target)
/// ```
public struct Batch {
  /// The input of the model.
  public var inputs: Inputs
  /// `[B, 1]` f32 (regression), `[B]` i64 (classification) or `[B, H, W]` i64 (segmentation).
  public var target: Tensor

  /// Makes a batch.
  public init(_ inputs: Inputs, target: Tensor) { (self.inputs, self.target) = (inputs, target) }

  /// The number of samples.
  public var count: Int { inputs.count }

  /// The same batch on another device.
  public func to(_ device: Device) -> Batch { Batch(inputs.to(device), target: target.to(device)) }
}

extension Inputs {
  /// The same samples without the modalities whose entry in `present` is false.
  public func keeping(_ present: [Bool]) -> Inputs {
    let mask = Tensor(present).unsqueezed(0).expanded(count, present.count).to(modalities[0].device)
    var result = self
    result.presence = presence.map { $0 .& mask } ?? mask
    return result
  }
}
