import Torch

/// MokA: low-rank updates with an own matrix A for each modality, a common B and attention between the modalities inside
/// the low rank (Wei et al. 2025, arXiv 2506.05191), and the head.
///
/// After every encoder layer h_m ← h_m + B (a_m + c_m) with a_m = A_m h_m `[B, L_m, r]`. The first modality is the
/// one of the task, as text is in the paper, and c_1 = 0. Every other modality reads it,
/// c_m = softmax(a_m a_1ᵀ/√r) a_1. A_m `[r, d]` starts with Kaiming uniform values and B `[d, r]` at zero, so the output
/// at the start is the base's.
///
/// The paper changes matrices of a language model that reads all modalities in one sequence. Here each modality has an
/// encoder of its own, so the update is beside whole layers, and the factor α/r is 1. The places are those of Wander with `placement: every`
/// (``FusionTuning``).
///
/// Settings: `rank` (r, 8), `train_head` (true).
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "rank: 4", file: "recipe")
/// let (moka, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try MokA.make(reader) }
/// let installation = try Installation(moka, on: model)
/// ```
public enum MokA {
  /// Makes the method from its settings.
  /// - Throws: `Fault(.usage)` for an unknown value or a number out of range.
  public static func make(_ settings: SettingsReader) throws(Fault) -> FusionTuning {
    let rank = try settings.int("rank", default: 8, in: 1...4096)
    return try FusionTuning(afterEveryLayer: settings) { MokASite(modalities: $0, width: $1, rank: rank) }
  }
}

/// h_m + B (a_m + c_m) for the first modalities, or all.
final class MokASite: Module, TuningSite {
  /// A_m by modality.
  @Child("down") private var down: [Linear]
  /// B.
  @Child("up") private var up: Linear

  init(modalities: Int, width: Int, rank: Int) {
    super.init()
    down = (0..<modalities).map { _ in Linear(width, rank, bias: false) }
    up = Linear(rank, width, bias: false)
    up.weight = .zeros([width, rank])
  }

  func added(to tokens: [Tokens], present: [Tensor?]) -> [Tokens] {
    let low = zip(tokens, down).map { Tokens($1($0.values), mask: $0.mask) }
    let first = low[0].absent(where: present[0])
    let changed = low.indices.map { index in
      var update = low[index].values
      if index > 0 {
        update = update + NarrowAttention.read(update, keys: first.values, values: first.values, mask: first.mask)
      }
      return Tokens(tokens[index].values + up(update), mask: tokens[index].mask)
    }
    return changed + tokens.dropFirst(changed.count)
  }
}
