import Torch

/// A fusion at one place, and the way back from its fused steps to the modalities' own.
final class FusionSite: Module {
  @Child("fusion") private var module: Module
  /// V′_m, `[L_m, T]`; none before the head.
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

/// A fusion after a layer that reads the joined sequence of all modalities.
final class JointFusion: EncoderLayerAdapter {
  private let site: FusionSite
  private let pass: FusionPass

  init(_ site: FusionSite, _ pass: FusionPass) { (self.site, self.pass) = (site, pass) }

  func adapt(output: Tensor) -> Tensor {
    let parts = zip(output.split(pass.lengths, 1), pass.masks).map { Tokens($0, mask: $1) }
    return .concatenated(site.added(to: parts, present: pass.present).map(\.values), 1)
  }
}
