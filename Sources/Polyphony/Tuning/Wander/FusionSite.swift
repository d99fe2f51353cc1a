import Torch

/// A place of a tuning between layers, at which modalities read each other.
protocol TuningSite: Module {
  /// The sequences with what the site adds to them.
  /// - Parameter present: whether the samples have each modality, `[B]`; nil where all have it.
  func added(to tokens: [Tokens], present: [Tensor?]) -> [Tokens]
}

/// A fusion at one place, and the maps from its fused steps back to the modalities' own.
final class FusionSite: Module, TuningSite {
  @Child("fusion") private var module: Module
  /// V′_m, `[L_m, T]`; a fusion before the head has none.
  @Child("returns") private var returns: [Factor]
  let fusion: any SequenceFusion

  /// - Parameter lengths: L_m of the modalities that get the fused steps back: the first ones, or all.
  init(_ fusion: any SequenceFusion, returningTo lengths: [Int]) {
    self.fusion = fusion
    super.init()
    module = fusion
    returns = lengths.map { Factor(.zeros([$0, fusion.steps])) }
  }

  /// h_m + V′_m F for every modality.
  func added(to tokens: [Tokens], present: [Tensor?]) -> [Tokens] {
    let fused = fusion.fuse(tokens, present: present, limit: nil)
    let changed = zip(tokens, returns).map { tokens, factor in
      let back = factor.values
      let length = min(tokens.length, back.size(0))
      let update = back.slice(0, 0, length).matmul(fused)
      return Tokens(
        tokens.values + (length < tokens.length ? update.padded([0, 0, 0, tokens.length - length]) : update),
        mask: tokens.mask)
    }
    return changed + tokens.dropFirst(changed.count)
  }
}
