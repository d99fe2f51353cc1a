import Torch

/// Significant-subspace alignment: moments of the target's features drawn to those of the source, where the source
/// varies (SSA, Adachi et al., ICLR 2025, arXiv 2410.03263).
///
/// z is the input of the last linear layer W. The model keeps z's mean μ, principal directions v_d and variances λ_d on
/// its training split (``SourceMoments/principal``), and no sample. With μ̃_d and σ̃²_d the mean and variance of
/// v_d·(z − μ) over a batch,
///
/// L = Σ_d α_d ½ ((μ̃_d² + λ_d)/σ̃²_d + (μ̃_d² + σ̃²_d)/λ_d − 2) / Σ_d α_d, α_d = 1 + ‖W v_d‖,
///
/// which is the symmetric Kullback-Leibler divergence of two normal distributions. Only scale and shift of the
/// LayerNorms in the layers are trained. It works for regression and classification alike.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "{epochs: 5, batch_size: 64}", file: "recipe")
/// let (ssa, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try SubspaceAlignment(reader) }
/// ```
public final class SubspaceAlignment: AdaptationMethod {
  /// The smallest batch whose variances mean something.
  private static let smallestBatch = 4

  /// The method's name.
  public let name = "ssa"
  /// The settings that all methods have.
  public let settings: AdaptationSettings
  /// The LayerNorms of the layers.
  public let tensors: AdaptedTensors

  private var subspace: Subspace?

  private struct Subspace {
    let mean: Tensor
    let directions: Tensor
    let variance: Tensor
    /// α / Σα.
    let weight: Tensor
  }

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for a number out of range.
  public init(_ reader: SettingsReader) throws(Fault) {
    var defaults = AdaptationSettings()
    (defaults.epochs, defaults.batchSize) = (5, 64)
    settings = try AdaptationSettings(reader, defaults: defaults)
    tensors = AdaptedTensors(.norms, lastNorm: try reader.bool("last_norm", default: false))
  }

  /// Takes the source's moments.
  /// - Throws: `Fault(.usage)` for a model without them.
  public func begin(_ session: AdaptationSession) throws(Fault) { subspace = try Self.subspace(of: session) }

  private static func subspace(of session: AdaptationSession) throws(Fault) -> Subspace {
    let model = session.model
    guard let kept = model.sourceMoments?.principal else {
      throw Fault(
        .usage, "the model keeps no moments of its features", file: model.folder, key: "--method", found: "ssa",
        expected: "a model folder with \(SourceMoments.fileName), and a task other than segmentation",
        remedy: "train the model again, or take casp, which needs no moments")
    }
    return noGrad {
      func own(_ tensor: Tensor) -> Tensor { tensor.to(.float32).to(session.device) }
      let directions = own(kept.directions)
      let zero = directions.slice(0, 0, 1).zerosLike()
      // The last layer is linear, so its answer to a direction is W v_d and a constant.
      let answer = model.backbone.prediction(directions) - model.backbone.prediction(zero)
      let weight = 1 + answer.squared().sum(1).sqrt()
      return Subspace(
        mean: own(kept.mean), directions: directions, variance: own(kept.variance), weight: weight / weight.sum())
    }
  }

  /// Makes one update.
  public func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) -> AdaptationStep {
    guard let subspace, batch.count >= Self.smallestBatch else { return AdaptationStep() }
    session.form(dropout: false)
    let features = session.model(batch.inputs).features
    let loss = Self.loss(
      (features - subspace.mean).matmul(subspace.directions.transposed(0, 1)), variance: subspace.variance,
      weight: subspace.weight)
    return AdaptationStep(loss: session.update(loss), learned: batch.count)
  }

  /// The loss L of projections v_d·(z − μ), `[B, P]`.
  static func loss(_ projections: Tensor, variance: Tensor, weight: Tensor) -> Tensor {
    let mean = projections.mean(0).squared()
    let own = projections.variance(0) + 1e-6
    let divergence = ((mean + variance) / own + (mean + own) / variance - 2) * 0.5
    return (divergence * weight).sum()
  }

  /// Takes the source's moments again, which a checkpoint does not hold.
  public func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault) {
    subspace = try Self.subspace(of: session)
  }
}
