import Torch

/// Imagines the embeddings of missing modalities from present ones, in the manner of MMIN (Zhao et al. 2021).
///
/// e_m is the mean over time of modality m's projected sequence, and e = [e_1 … e_M] with zeros for missing modalities. A
/// cascade of residual autoencoders A_1 … A_B imagines ê = e + Σ_b Δ_b, Δ_b = A_b(e + Σ_{a<b} Δ_a). Every step of a
/// missing modality m becomes ê_m. A second cascade leads back from ê, for the cycle's loss.
package final class Reconstruction: Module, Attachment {
  /// From the present modalities to all of them.
  @Child var forward: [Linear]
  /// From all modalities back to the present ones.
  @Child var backward: [Linear]

  /// - Parameters:
  ///   - blocks: autoencoders in each cascade.
  ///   - hidden: features between the layers of one.
  init(_ configuration: ModelConfiguration, blocks: Int, hidden: Int) {
    super.init()
    let width = configuration.modalities.count * configuration.width
    func cascade() -> [Linear] { (0..<blocks).flatMap { _ in [Linear(width, hidden), Linear(hidden, width)] } }
    forward = cascade()
    backward = cascade()
  }

  package var stages: Stages { [] }
  package var handlesMissingModalities: Bool { true }
  package var makesUpMissingModalities: Bool { true }

  package func embedded(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
    guard let sources = PromptSources(context.inputs) else { return tokens }
    let imagined = imagine(Self.means(tokens), context.inputs.presence)
    return tokens.enumerated().map { index, tokens in
      guard let rows = sources.rows(missing: index) else { return tokens }
      let steps = imagined.select(1, index).rows(rows).unsqueezed(1).expanded(-1, tokens.length, -1)
      return Tokens(
        tokens.values.replacing([rows], with: steps),
        mask: tokens.mask.map { $0 .| sources.isMissing(index).unsqueezed(1) })
    }
  }

  /// e, `[B, M, d]`: the mean over real steps of every modality.
  static func means(_ tokens: [Tokens]) -> Tensor {
    .stacked(
      tokens.map { tokens in
        guard let mask = tokens.mask?.to(tokens.values.dtype).unsqueezed(2) else { return tokens.values.mean(1) }
        return (tokens.values * mask).sum(1) / mask.sum(1)
      }, 1)
  }

  /// ê, `[B, M, d]`, from e and the presence `[B, M]` of each modality.
  func imagine(_ means: Tensor, _ presence: Tensor?) -> Tensor {
    Self.run(forward, presence.map { means * $0.to(means.dtype).unsqueezed(2) } ?? means)
  }

  /// ẽ, the output of the second cascade on ê, `[B, M, d]`.
  func recall(_ imagined: Tensor) -> Tensor { Self.run(backward, imagined) }

  private static func run(_ layers: [Linear], _ means: Tensor) -> Tensor {
    var sum = means.flattened(1)
    for block in stride(from: 0, to: layers.count, by: 2) { sum = sum + layers[block + 1](layers[block](sum).relu()) }
    return sum.reshaped(to: means.shape)
  }
}
