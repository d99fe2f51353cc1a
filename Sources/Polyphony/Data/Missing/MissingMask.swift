import Torch

/// What is missing from the samples of a split, drawn once by a ``MissingProtocol`` and the same ever after.
///
/// A mask is kept as a file with its hash (``write(to:)``), so that a score says on which samples without what it was
/// reached.
public struct MissingMask {
  /// The rule that it was drawn by, such as `sample:0.7`.
  public let protocolName: String
  /// The seed that it was drawn with.
  public let seed: UInt64
  /// The modalities in the order of ``presence``.
  public let modalities: [String]
  /// `[N, M]` u8: 0 where a sample lacks a modality.
  public let presence: Tensor
  /// `[N, L_m]` u8 for each modality: 0 where a step is lost; nil where none is.
  public let tokens: [Tensor?]

  /// A mask that was made by other means.
  /// - Throws: `Fault(.badData)` for tensors of other shapes or types, or a sample in which nothing is present.
  public init(
    protocolName: String, seed: UInt64, modalities: [String], presence: Tensor, tokens: [Tensor?]? = nil,
    file: String? = nil
  ) throws(Fault) {
    self.init(
      protocolName: protocolName, seed: seed, modalities: modalities, presence: presence,
      drawn: tokens ?? modalities.map { _ in nil })
    try check(file: file)
  }

  /// A mask that a rule has drawn.
  init(protocolName: String, seed: UInt64, modalities: [String], presence: Tensor, drawn tokens: [Tensor?]) {
    (self.protocolName, self.seed, self.modalities) = (protocolName, seed, modalities)
    (self.presence, self.tokens) = (presence, tokens)
  }

  /// The number of samples.
  public var count: Int { presence.size(0) }

  /// 1 − Σ present / (N·M).
  public var missingRate: Double { 1 - presence.to(.float64).mean().item }

  /// Takes away what this mask says from samples that stand at `indices` in its split.
  ///
  /// What the data itself lacks stays missing. A sample of which nothing would be left keeps what it has. Inputs of
  /// which nothing is taken away come back as they are.
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

  /// Refuses data that this mask was not made for.
  /// - Throws: `Fault(.badData)` where the number of samples, the modalities or their lengths differ.
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
      let shape = modalities[index].kind == .sequence ? [samples.count, samples.inputs.modalities[index].size(1)] : []
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
