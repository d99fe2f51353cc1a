import Torch

/// The present modalities of a batch, from which generators make up the missing ones.
struct PromptSources {
  /// Normalised inputs as sequences, `[B, L_k, D_k]`.
  let sequences: [Tensor]
  /// Real steps per sample, `[B]`; nil where all are.
  let lengths: [Tensor?]
  /// 1 for real steps of present modalities and 0 for others, `[B, L_k or 1, 1]`.
  let weights: [Tensor]
  /// `[B, M]` (bool).
  let presence: Tensor
  /// The samples by their present modalities (in order), as indices (i64).
  let groups: [(present: [Int], rows: Tensor)]

  /// Sources from normalised inputs; nil where no sample lacks a modality.
  init?(_ inputs: Inputs) {
    guard let presence = inputs.presence else { return nil }
    let count = presence.size(1)
    let flags = presence.to(.uint8).array(of: UInt8.self)
    guard flags.contains(0) else { return nil }
    self.presence = presence
    sequences = inputs.modalities.map { $0.rank == 2 ? $0.unsqueezed(1) : $0 }
    lengths = inputs.lengths
    weights = inputs.modalities.indices.map { index in
      let present = presence.select(1, index).unsqueezed(1)
      let real = inputs.mask(index).map { $0 .& present } ?? present
      return real.to(inputs.modalities[index].dtype).unsqueezed(2)
    }
    let codes = (0..<inputs.count).map { row in flags[(row * count)..<((row + 1) * count)] }
    groups = Dictionary(grouping: codes.indices, by: { codes[$0] }).sorted { $0.value[0] < $1.value[0] }.map {
      code, rows in (code.enumerated().filter { $0.element == 1 }.map(\.offset), Tensor(rows).to(presence.device))
    }
  }

  /// The samples that lack a modality but not all; nil where there are none.
  func rows(missing target: Int) -> Tensor? {
    let rows = groups.filter { !$0.present.isEmpty && !$0.present.contains(target) }.map(\.rows)
    return rows.isEmpty ? nil : .concatenated(rows)
  }

  /// True if a modality is missing, `[B]` (bool).
  func isMissing(_ target: Int) -> Tensor { .!presence.select(1, target) }
}
