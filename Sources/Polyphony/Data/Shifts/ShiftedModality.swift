import Torch

/// One modality of a split under a ``Shift``.
///
/// A volume is an image whose slices lie one below the other. All slices get the same change.
struct ShiftedModality {
  let kind: Modality.Kind
  /// `[N, L, D]`, `[N, D]` or `[N, C, H, W]`.
  let x: Tensor
  /// The number of slices of a volume; 1 for all else.
  let slices: Int
  private let shape: [Int]
  /// The number of real steps of each sample, `[N]`; nil if all steps are real.
  let lengths: Tensor?
  /// The mask of the real steps of present samples, with sizes of 1 to broadcast over; nil if it is all true.
  let reach: Tensor?
  /// The mean of each feature, in a shape that broadcasts against `x`.
  let mean: Tensor
  /// The deviation of each feature; 0 for a constant feature.
  let deviation: Tensor

  init(_ inputs: Inputs, _ index: Int, _ modality: Modality, _ statistics: FeatureStatistics) {
    let (values, isVolume) = (inputs.modalities[index], modality.kind == .volume)
    (kind, lengths, shape) = (isVolume ? .image : modality.kind, inputs.lengths[index], values.shape)
    (x, slices) = isVolume ? (values.flattened(2, 3), values.size(2)) : (values, 1)
    mean = Tensor(statistics.mean).reshaped(to: kind.featureShape)
    deviation = Tensor(statistics.deviation).reshaped(to: kind.featureShape)
    let ones = Array(repeating: 1, count: x.rank - 1)
    let present = inputs.isPresent(index)?.reshaped(to: [x.size(0)] + ones)
    let real = kind == .sequence ? inputs.mask(index)?.unsqueezed(2) : nil
    reach = present.map { present in real.map { $0 .& present } ?? present } ?? real
  }

  /// The dimension of features.
  private var featureDimension: Int { kind == .sequence ? 2 : 1 }

  /// The modality under a shift of another kind than `missing`.
  ///
  /// `moments` `[N, T]` are the random numbers by which `drop` hits all sequences at the same time.
  func shifted(_ kind: Shift.Kind, _ strength: Double, _ generator: Generator, moments: Tensor? = nil) -> Tensor {
    let changed: Tensor =
      switch kind {
      case .noise: x + deviation * Tensor.normal(x.shape, generator: generator) * strength
      case .gain: mean + (x - mean) * gains(strength, generator)
      case .drop: dropped(strength, moments.flatMap(drawn) ?? .uniform([x.size(0), dropUnits], generator: generator))
      case .shift: late(strength)
      case .swap: swapped(strength, generator)
      case .gamma: withContrast(strength, generator)
      case .bias: underField(strength, generator)
      case .missing: x
      }
    return (reach.map { changed.selected(where: $0, otherwise: x) } ?? changed).reshaped(to: shape)
  }

  private func gains(_ strength: Double, _ generator: Generator) -> Tensor {
    (Tensor.normal([x.size(featureDimension)], generator: generator) * strength).exp().reshaped(to: mean.shape)
  }

  /// The number of units that `drop` can remove: steps of a sequence, numbers of a vector or rows of an image.
  private var dropUnits: Int { kind == .image ? x.size(2) : x.size(1) }

  /// The random number of each step's moment: step i of ℓ real ones is at moment ⌊i·T/ℓ⌋ of T. Nil for other modalities.
  private func drawn(from moments: Tensor) -> Tensor? {
    guard kind == .sequence else { return nil }
    let (count, last) = (Double(moments.size(1)), Double(moments.size(1) - 1))
    let real = (lengths?.to(.float32) ?? .full([x.size(0)], Double(dropUnits))).clamped(1, nil).unsqueezed(1)
    let places = Tensor.range(dropUnits).to(.float32).unsqueezed(0) * count / real
    return moments.gathered(1, places.clamped(0, last).to(.int64))
  }

  private func dropped(_ share: Double, _ draw: Tensor) -> Tensor {
    var draw = draw
    // The unit that stays must not be padding.
    if kind == .sequence, let reach { draw = draw.filled(-1, where: .!reach.squeezed(2)) }
    let goes = (draw .< share) .& (draw .< draw.maximum(1, keep: true))
    let place =
      switch kind {
      case .sequence: goes.unsqueezed(2)
      case .image: goes.unsqueezed(1).unsqueezed(3)
      default: goes
      }
    return mean.selected(where: place, otherwise: x)
  }

  private func late(_ share: Double) -> Tensor {
    switch kind {
    case .image:
      let columns = x.size(3)
      let delay = max(1, Int((share * Double(columns)).rounded()))
      return x.rows(Tensor((0..<columns).map { max(0, $0 - delay) }), 3)
    case .sequence:
      let steps = x.size(1)
      let real = lengths ?? .full([x.size(0)], Double(steps), dtype: .int64)
      let delay = (real.to(.float32) * share).rounded().clamped(1, nil).to(.int64)
      // A clamp by a number converts integers to floats, hence the last conversion.
      let places = (Tensor.range(steps).unsqueezed(0) - delay.unsqueezed(1)).clamped(0, nil).to(.int64)
      return x.gathered(1, places.unsqueezed(2).expanded(-1, -1, x.size(2)))
    default: return x
    }
  }

  private func swapped(_ share: Double, _ generator: Generator) -> Tensor {
    let features = x.size(featureDimension)
    let order = generator.permutation(features)
    var sources = Array(0..<features)
    for pair in 0..<Int((share * Double(features) / 2).rounded(.up)) where 2 * pair + 1 < features {
      let (one, other) = (order[2 * pair], order[2 * pair + 1])
      (sources[one], sources[other]) = (other, one)
    }
    let scale = deviation.filled(1, where: deviation .== 0)
    let exchanged = ((x - mean) / scale).rows(Tensor(sources), featureDimension) * deviation + mean
    // Features that keep their place keep their exact bits.
    let moves = Tensor(sources.indices.map { sources[$0] != $0 }).reshaped(to: mean.shape)
    return exchanged.selected(where: moves, otherwise: x)
  }
}
