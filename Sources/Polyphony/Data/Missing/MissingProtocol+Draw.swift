import Torch

extension MissingProtocol {
  /// Draws the mask of a split.
  ///
  /// The same seed draws the same random numbers for every rate. So an entry that is missing at one rate is missing at
  /// each higher rate, and a sweep compares like with like.
  /// - Throws: `Fault(.usage)` as ``check(_:key:)``.
  public func mask(for samples: UnlabelledSplit, _ modalities: [Modality], seed: UInt64) throws(Fault) -> MissingMask {
    try check(modalities)
    return draw(samples.stored, modalities, seed: seed)
  }

  /// Draws a mask without the check of ``mask(for:_:seed:)``.
  func draw(_ inputs: Inputs, _ modalities: [Modality], seed: UInt64) -> MissingMask {
    let generator = Generator(seed: seed)
    let (count, width) = (inputs.count, modalities.count)
    var presence = [UInt8](repeating: 1, count: count * width)
    var tokens: [Tensor?] = modalities.map { _ in nil }
    switch self {
    case .sample(let rate):
      let draws = Tensor.uniform([2, count], generator: generator, dtype: .float64).doubles
      let patterns = Double((1 << width) - 2)
      for sample in 0..<count where draws[sample] < rate {
        // The code is in 1 … 2^M − 2. Its bit m is 1 if modality m is present.
        let code = 1 + min(Int(draws[count + sample] * patterns), (1 << width) - 3)
        for modality in 0..<width { presence[sample * width + modality] = UInt8(code >> modality & 1) }
      }
    case .modality(let rate):
      let draws = Tensor.uniform([count, width + 1], generator: generator, dtype: .float64).doubles
      var candidates: [(draw: Double, place: Int)] = []
      for sample in 0..<count {
        let row = sample * (width + 1)
        let stays = min(Int(draws[row + width] * Double(width)), width - 1)
        for modality in 0..<width where modality != stays {
          candidates.append((draws[row + modality], sample * width + modality))
        }
      }
      candidates.sort { ($0.draw, $0.place) < ($1.draw, $1.place) }
      let missing = (rate * Double(count * width)).rounded()
      for candidate in candidates.prefix(Int(missing)) { presence[candidate.place] = 0 }
    case .token(let rate):
      for (index, modality) in modalities.enumerated() where modality.losesSteps {
        tokens[index] = Self.keptSteps(inputs, index, rate, generator)
      }
    case .segment(let rate):
      for (index, modality) in modalities.enumerated() where modality.losesSteps {
        tokens[index] = Self.aroundGap(inputs, index, rate, generator)
      }
    case .each(let rates):
      let draws = Tensor.uniform([count, width + 1], generator: generator, dtype: .float64).doubles
      for sample in 0..<count {
        let row = sample * (width + 1)
        let lost = modalities.indices.filter { draws[row + $0] < rates[modalities[$0].name] ?? 0 }
        let stays = lost.count == width ? min(Int(draws[row + width] * Double(width)), width - 1) : nil
        for modality in lost where modality != stays { presence[sample * width + modality] = 0 }
      }
    case .fixed(let missing):
      for (index, modality) in modalities.enumerated() where missing.contains(modality.name) {
        for sample in 0..<count { presence[sample * width + index] = 0 }
      }
    }
    return MissingMask(
      protocolName: description, seed: seed, modalities: modalities.map(\.name),
      presence: Tensor(presence, shape: [count, width]), drawn: tokens)
  }

  /// The steps that stay, `[N, L]` u8, 1 for a kept step.
  ///
  /// Of ℓ real steps it keeps max(1, ⌊(1 − r)·ℓ + v⌋) at random places, with v uniform in [0, 1). So a step is lost
  /// with probability r, and the lost share varies as little as possible.
  private static func keptSteps(_ inputs: Inputs, _ index: Int, _ rate: Double, _ generator: Generator) -> Tensor {
    let (count, length) = (inputs.count, inputs.modalities[index].size(1))
    let draws = Tensor.uniform([count, length], generator: generator, dtype: .float64)
    let rounding = Tensor.uniform([count, 1], generator: generator, dtype: .float64)
    let real = realSteps(inputs, index)
    let isPadding = Tensor.range(length).unsqueezed(0) .>= real
    // A padding step draws a higher number than any real step, so the ranks of the real steps are 0 … ℓ − 1.
    let ranks = draws.filled(2, where: isPadding).sorted().indices.sorted().indices
    let kept = (real.to(.float64) * (1 - rate) + rounding).to(.int64).clamped(1, nil)
    return ((ranks .< kept) .| isPadding).to(.uint8)
  }

  /// The steps around one gap, `[N, L]` u8, 1 for a kept step.
  ///
  /// The gap has g = min(ℓ − 1, ⌊r·ℓ + v⌋) of ℓ real steps and begins at ⌊u·(ℓ − g + 1)⌋, with u and v uniform in
  /// [0, 1). So a gap holds every gap of a lower rate.
  private static func aroundGap(_ inputs: Inputs, _ index: Int, _ rate: Double, _ generator: Generator) -> Tensor {
    let (count, length) = (inputs.count, inputs.modalities[index].size(1))
    let place = Tensor.uniform([count, 1], generator: generator, dtype: .float64)
    let rounding = Tensor.uniform([count, 1], generator: generator, dtype: .float64)
    let real = realSteps(inputs, index)
    let gap = Tensor.minimum((real.to(.float64) * rate + rounding).to(.int64), real - 1)
    let start = (place * (real - gap + 1).to(.float64)).to(.int64)
    let steps = Tensor.range(length).unsqueezed(0)
    return ((steps .< start) .| (steps .>= start + gap)).to(.uint8)
  }

  /// The numbers of real steps, `[N, 1]` i64, 1 or more.
  private static func realSteps(_ inputs: Inputs, _ index: Int) -> Tensor {
    let length = Double(inputs.modalities[index].size(1))
    return (inputs.lengths[index]?.to(.cpu) ?? Tensor.full([inputs.count], length, dtype: .int64)).clamped(1, nil)
      .to(.int64).unsqueezed(1)
  }
}
