import Torch

/// Significant-subspace alignment: moments of the target's features drawn to those of the source, where the source
/// varies (SSA, Adachi et al., ICLR 2025, arXiv 2410.03263).
///
/// The loss of a batch is the divergence of its features from the source's principal subspace (``SourceSubspace``). Only
/// scale and shift of the LayerNorms in the layers are trained. It works for regression and classification alike.
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
  /// True: every process passes a part of each batch.
  public let takesParts = true
  /// The settings that all methods have.
  public let settings: AdaptationSettings
  /// The LayerNorms of the layers.
  public let tensors: AdaptedTensors

  private var subspace: SourceSubspace?

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for a number out of range.
  public init(_ reader: SettingsReader) throws(Fault) {
    var defaults = AdaptationSettings()
    (defaults.epochs, defaults.batchSize) = (5, 64)
    settings = try AdaptationSettings(reader, defaults: defaults)
    tensors = AdaptedTensors(.norms, lastNorm: try reader.bool("last_norm", default: false))
  }

  /// A step depends on the optimizer's memory.
  public func memory(for task: PredictionTask) -> AdaptationMemory { .optimizer }

  /// Takes the source's moments.
  /// - Throws: `Fault(.usage)` for a model without them.
  public func begin(_ session: AdaptationSession) throws(Fault) {
    subspace = try SourceSubspace(of: session.model, device: session.device, method: name)
  }

  /// Makes one update.
  public func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> AdaptationStep {
    guard let subspace, batch.count >= Self.smallestBatch else { return AdaptationStep() }
    session.form(dropout: false)
    let features = try session.pass(batch.inputs) { $0.features }
    let loss = subspace.divergence(features)
    return AdaptationStep(loss: try session.update(loss), learned: batch.count)
  }

  /// Takes the source's moments again, which a checkpoint does not hold.
  public func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault) {
    try begin(session)
  }
}
