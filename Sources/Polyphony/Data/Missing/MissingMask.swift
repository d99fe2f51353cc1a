import Torch

/// The missing modalities and steps of the samples of a split.
///
/// A ``MissingProtocol`` draws the mask once. Its file has a hash (``write(to:)``), so a report can name the exact
/// pattern behind a score.
///
/// ```swift
/// let mask = try MissingMask(contentsOf: "sample-0.7.safetensors")
/// try mask.check(for: test.samples, model.configuration.inputModalities)
/// let evaluation = try model.evaluate(test, prepare: { mask.apply(to: $0, indices: $1) })
/// ```
public struct MissingMask {
  /// The rule of the draw, such as `sample:0.7`.
  public let protocolName: String
  /// The seed of the draw.
  public let seed: UInt64
  /// The modalities in the order of ``presence``.
  public let modalities: [String]
  /// `[N, M]` u8, 0 for a missing modality.
  public let presence: Tensor
  /// `[N, L_m]` u8 for each modality, 0 for a lost step; nil if no step is lost.
  public let tokens: [Tensor?]

  /// Makes a mask from given tensors.
  /// - Throws: `Fault(.badData)` for tensors of other shapes or types, and for a sample without any modality.
  public init(
    protocolName: String, seed: UInt64, modalities: [String], presence: Tensor, tokens: [Tensor?]? = nil,
    file: String? = nil
  ) throws(Fault) {
    self.init(
      protocolName: protocolName, seed: seed, modalities: modalities, presence: presence,
      drawn: tokens ?? modalities.map { _ in nil })
    try check(file: file)
  }

  /// Makes a mask from a rule's draw, which needs no check.
  init(protocolName: String, seed: UInt64, modalities: [String], presence: Tensor, drawn tokens: [Tensor?]) {
    (self.protocolName, self.seed, self.modalities) = (protocolName, seed, modalities)
    (self.presence, self.tokens) = (presence, tokens)
  }

  /// The number of samples.
  public var count: Int { presence.size(0) }

  /// The share of missing modalities, 1 − Σ present / (N·M).
  public var missingRate: Double { 1 - presence.to(.float64).mean().item }

  /// Removes the missing modalities and steps from samples at `indices` of this mask's split.
  ///
  /// A modality that the data lacks stays missing. A sample that would lose all modalities keeps those it has. Inputs
  /// without a missing entry come back unchanged.
  public func apply(to inputs: Inputs, indices: [Int]) -> Inputs {
    var result = inputs
    let rows = Tensor(indices)
    let device = inputs.modalities[0].device
    let mask = presence.rows(rows).to(.bool)
    if mask.to(.uint8).minimum().item == 0 {
      let mask = mask.to(device)
      result.presence =
        inputs.presence.map { own in
          let left = own .& mask
          let isEmpty = (left.to(.int64).sum(1, keep: true) .== 0).expanded(-1, left.size(1))
          return own.selected(where: isEmpty, otherwise: left)
        } ?? mask
    }
    for (index, kept) in tokens.enumerated() {
      guard let kept = kept?.rows(rows).to(.bool).to(device) else { continue }
      result.kept[index] = inputs.kept[index].map { $0 .& kept } ?? kept
    }
    return result
  }

  /// Checks that this mask belongs to some data.
  /// - Throws: `Fault(.badData)` for another number of samples, other modalities or other lengths.
  public func check(for samples: UnlabelledSplit, _ modalities: [Modality], file: String? = nil) throws(Fault) {
    let names = modalities.map(\.name)
    guard self.modalities == names, count == samples.count else {
      throw Fault(
        .badData, "the mask was made for other samples", file: file, key: "presence",
        found: "\(count) samples of \(self.modalities.joined(separator: ", "))",
        expected: "\(samples.count) samples of \(names.joined(separator: ", "))",
        remedy: "draw the mask for this split")
    }
    for (index, kept) in tokens.enumerated() {
      guard let kept else { continue }
      let shape = modalities[index].losesSteps ? [samples.count, samples.stored.modalities[index].size(1)] : []
      guard kept.shape == shape else {
        throw Fault(
          .badData, "the mask was made for other lengths", file: file, key: "tokens.\(names[index])",
          found: "\(kept.shape)", expected: shape.isEmpty ? "no mask of steps" : "\(shape)",
          remedy: "draw the mask for this split")
      }
    }
  }

  private func check(file: String?) throws(Fault) {
    func refuse(_ problem: String, _ key: String, _ found: String, _ expected: String) -> Fault {
      Fault(.badData, problem, file: file, key: key, found: found, expected: expected)
    }
    guard presence.dtype == .uint8, presence.rank == 2, presence.size(1) == modalities.count, count > 0 else {
      throw refuse("a mask has the wrong form", "presence", presence.description, "uint8[N, \(modalities.count)]")
    }
    guard presence.maximum().item <= 1 else {
      throw refuse("a mask holds a number that means nothing", "presence", "\(presence.maximum().item)", "0 or 1")
    }
    if let row = (presence.to(.int64).sum(1) .== 0).integers.firstIndex(of: 1) {
      throw refuse("nothing is present in a sample", "presence", "row \(row) is all 0", "at least one 1 in each row")
    }
    guard tokens.count == modalities.count else {
      throw refuse("a mask has the wrong form", "tokens", "\(tokens.count) masks", "\(modalities.count)")
    }
    for (name, kept) in zip(modalities, tokens) {
      guard let kept else { continue }
      guard kept.dtype == .uint8, kept.rank == 2, kept.size(0) == count, kept.maximum().item <= 1 else {
        throw refuse(
          "a mask has the wrong form", "tokens.\(name)", kept.description, "uint8[\(count), length] of 0 and 1")
      }
    }
  }
}
