import Torch

extension Shift {
  /// Corrupts the inputs of a split.
  ///
  /// - Parameters:
  ///   - split: the samples.
  ///   - modalities: the description of the inputs, in their order.
  ///   - only: names of the modalities to corrupt; nil for all.
  ///   - statistics: mean and deviation of the features; nil for those of the split. The deviation 0 marks a constant
  ///     feature.
  ///   - seed: the seed, which together with a modality's name determines every random number.
  /// - Throws: `Fault(.usage)` for an unknown modality, and where the shift has nothing to act on.
  public func applied(
    to split: UnlabelledSplit, _ modalities: [Modality], only: [String]? = nil,
    statistics: [String: FeatureStatistics]? = nil, seed: UInt64
  ) throws(Fault) -> UnlabelledSplit {
    let chosen = try indices(of: only, in: modalities)
    let statistics = statistics ?? Shift.statistics(of: split, modalities)
    var inputs = split.inputs
    try noGradThrowing { () throws(Fault) in
      if kind == .missing {
        try remove(chosen, takesAll: only != nil || hitsAll, from: &inputs, seed)
        return
      }
      var isServed = false
      let parts = inputs.modalities.indices.map { index in
        statistics[modalities[index].name].map { ShiftedModality(inputs, index, modalities[index], $0) }
      }
      let moments = hitsAll ? self.moments(of: parts.compactMap(\.self), seed) : nil
      for index in chosen {
        let modality = modalities[index]
        guard let part = parts[index], kind.canChange(modality) else {
          if hitsAll { throw nothingToActOn(modalities, [index]) }
          continue
        }
        isServed = true
        guard severity > 0 else { continue }
        let generator = Generator(seed: DerivedSeed.of(seed, name: "\(kind.rawValue) \(modality.name)"))
        inputs.modalities[index] = part.shifted(kind, strength, generator, moments: moments)
      }
      guard isServed else { throw nothingToActOn(modalities, chosen) }
    }
    return severity == 0
      ? split : UnlabelledSplit(name: split.name, inputs: inputs, ids: split.ids, volumes: split.volumes)
  }

  /// Corrupts the inputs of a split and keeps its targets; otherwise as the form without targets.
  public func applied(
    to split: LabelledSplit, _ modalities: [Modality], only: [String]? = nil,
    statistics: [String: FeatureStatistics]? = nil, seed: UInt64
  ) throws(Fault) -> LabelledSplit {
    LabelledSplit(
      samples: try applied(to: split.samples, modalities, only: only, statistics: statistics, seed: seed),
      target: split.target)
  }

  /// The means and deviations that scale shifts. A constant feature has the deviation 0.
  public static func statistics(of split: UnlabelledSplit, _ modalities: [Modality]) -> [String: FeatureStatistics] {
    FeatureStatistics.fit(split, modalities, ofConstant: 0)
  }

  /// A random number for each moment of the longest sequence, which all sequences share.
  private func moments(of parts: [ShiftedModality], _ seed: UInt64) -> Tensor? {
    guard kind == .drop, let longest = parts.filter({ $0.kind == .sequence }).map({ $0.x.size(1) }).max() else {
      return nil
    }
    return .uniform([parts[0].x.size(0), longest], generator: Generator(seed: DerivedSeed.of(seed, name: family)))
  }

  private func indices(of names: [String]?, in modalities: [Modality]) throws(Fault) -> [Int] {
    guard let names else { return Array(modalities.indices) }
    guard !hitsAll else {
      throw Fault(
        .usage, "a shift of all modalities at once takes no choice of them", key: "--modality",
        found: names.joined(separator: ", "), expected: "no --modality with \(self)",
        remedy: "write \(kind.rawValue):\(severity) to corrupt the named ones alone")
    }
    let known = modalities.map(\.name)
    if let unknown = names.first(where: { !known.contains($0) }) {
      throw Fault(
        .usage, "the data has no such modality", key: "--modality", found: unknown,
        expected: known.joined(separator: ", "), remedy: Suggestion.question(for: unknown, among: known))
    }
    return modalities.indices.filter { names.contains(known[$0]) }
  }

  /// Removes modalities from a share of the samples, but never a sample's last one.
  private func remove(
    _ chosen: [Int], takesAll: Bool, from inputs: inout Inputs, _ seed: UInt64
  ) throws(Fault) {
    let (count, total) = (inputs.count, inputs.modalities.count)
    guard total > 1 else {
      throw Fault(
        .usage, "removing the only modality leaves nothing", key: "--shift", found: description,
        expected: "data of two modalities or more")
    }
    guard severity > 0 else { return }
    let generator = Generator(seed: DerivedSeed.of(seed, name: kind.rawValue))
    let victims = (Tensor.uniform([count, 1], generator: generator) .< strength)
    let draw = Tensor.uniform([count, total], generator: generator)
    let present = inputs.presence ?? .ones([count, total], dtype: .bool)
    let allowed = Tensor(inputs.modalities.indices.map { chosen.contains($0) }).unsqueezed(0) .& present
    var goes = allowed
    if !takesAll {
      let score = draw.filled(-1, where: .!allowed)
      goes = (score .== score.maximum(1, keep: true)) .& allowed
    }
    goes = goes .& victims
    // A sample that would lose everything keeps one modality, which the same draw chooses.
    let isEmptied = (present .& .!goes).to(.int64).sum(1, keep: true) .== 0
    let kept = draw.filled(-1, where: .!present)
    goes = goes .& .!(isEmptied .& (kept .== kept.maximum(1, keep: true)))
    inputs.presence = present .& .!goes
    for index in chosen {
      let x = inputs.modalities[index]
      let shape = [count] + Array(repeating: 1, count: x.rank - 1)
      inputs.modalities[index] = x.filled(0, where: goes.select(1, index).reshaped(to: shape))
    }
  }

  private func nothingToActOn(_ modalities: [Modality], _ chosen: [Int]) -> Fault {
    let expected =
      switch kind {
      case .shift: "a sequence of several steps, or an image"
      case .swap: "a modality of several features"
      default: "a modality of several steps, numbers or rows; raw inputs have no features that change"
      }
    return Fault(
      .usage, "the shift has nothing to act on", key: "--shift",
      found: description
        + " of " + chosen.map { "\(modalities[$0].name) (\(modalities[$0].kind.rawValue))" }.joined(separator: ", "),
      expected: expected, remedy: "choose another shift or another modality")
  }
}

/// Runs `body` like `noGrad`, for bodies that throw a `Fault`.
func noGradThrowing<Value>(_ body: () throws(Fault) -> Value) throws(Fault) -> Value {
  let result: Result<Value, Fault> = noGrad {
    do throws(Fault) {
      return .success(try body())
    } catch {
      return .failure(error)
    }
  }
  return try result.get()
}
