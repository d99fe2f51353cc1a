import Torch

/// CASP: contrastive adaptation, then stable pseudo-labels (AAAI 2025, arXiv 2412.07121).
///
/// Stage 1 draws together the representations of a sample and of its copy without one modality (``ModalityDrop``,
/// ``ContrastiveLoss``). Before stage 1 and every few epochs, the ledger takes a snapshot of all predictions. Stage 2
/// selects the samples with the most stable predictions (``SnapshotLedger``, ``StableSelection``) and learns their mean
/// predictions. Its loss is the mean absolute error for regression, cross-entropy with soft labels for classes, and for
/// segmentation that at every place. Both stages train only the LayerNorms of the layers. Without LayerNorms they train
/// scale and shift of the batch normalisations.
///
/// Offline, both stages are epochs over the target. Online, each batch gets a contrastive step, then the model predicts
/// the samples of the last batches again. After each window of batches, the model learns the most stable of them.
///
/// The ablations are in ``Variant``. The released code selects the least stable samples; this class selects the most
/// stable ones.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "{contrast_epochs: 6, pseudo_epochs: 2}", file: "recipe")
/// let (casp, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try CASP(.full, reader) }
/// let outcome = try AdaptationLoop(model, samples: target, method: casp).run()
/// ```
public final class CASP: AdaptationMethod, SelectingMethod {
  /// The method and its ablations.
  public enum Variant: String, Sendable, CaseIterable {
    /// Both stages.
    case full = "casp"
    /// Stage 1 alone.
    case contrast = "casp-contrast"
    /// Stage 2 alone. Without stage 1 the predictions do not move, so the snapshots are those of the source with
    /// dropout on.
    case pseudo = "casp-pseudo"
    /// Both stages, with as many randomly selected samples.
    case random = "casp-random"
  }

  /// The method's name.
  public var name: String { variant.rawValue }
  /// True: every process passes a part of each batch.
  public let takesParts = true
  /// The form of the method.
  public let variant: Variant
  /// The settings that all methods have.
  public let settings: AdaptationSettings
  /// The settings of CASP alone.
  public let own: CASPSettings
  /// The LayerNorms of the layers, and the last ones if the settings include them.
  public let tensors: AdaptedTensors

  /// The predictions of all samples, offline.
  private var ledger = SnapshotLedger()
  var snapshots: SnapshotLedger? { ledger.count > 1 ? ledger : nil }
  var share: Double { own.share }
  /// The samples of stage 2.
  private(set) var selected: [Int]?
  private var labels: Tensor?
  /// The first epoch of stage 2, and the first epoch after it.
  private var secondStage: Int
  private var end: Int
  private var window = PredictionWindow()

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for an unknown value or a number out of range.
  public init(_ variant: Variant, _ reader: SettingsReader) throws(Fault) {
    self.variant = variant
    settings = try AdaptationSettings(reader, hasEpochs: false)
    own = try CASPSettings(reader)
    tensors = AdaptedTensors(.norms, lastNorm: try reader.bool("last_norm", default: false))
    secondStage = variant == .pseudo ? 0 : own.contrastEpochs
    end = secondStage + (variant == .contrast ? 0 : own.pseudoEpochs)
  }

  /// The epochs of both stages.
  public var epochs: Int { end }

  /// `contrast` or `pseudo`, online `both`, or the only stage of an ablation.
  public private(set) var stage = "contrast"

  /// A step of stage 1 depends on the optimizer's memory. Pseudo-labels are those of earlier samples.
  public func memory(for task: PredictionTask) -> AdaptationMemory { variant == .contrast ? .optimizer : .samples }

  /// The differences from the publication.
  public func notes(for model: MultimodalModel) -> [String] {
    var notes: [String] = []
    if model.configuration.modalities.count == 1, variant != .pseudo {
      notes.append("one modality: none can be dropped, views differ by dropout alone")
    }
    if variant == .pseudo { notes.append("snapshots are of the source with dropout on") }
    if model.backbone.encoderLayers().isEmpty {
      notes.append("no LayerNorms: scale and shift of the other normalisations are adapted")
    }
    return notes
  }

  // MARK: - Offline

  /// Takes the first snapshot.
  public func begin(_ session: AdaptationSession) throws(Fault) {
    guard !session.isOnline, variant != .contrast else { return }
    let all = Array(0..<session.samples.count)
    guard variant == .pseudo else {
      ledger.add(try session.softPredictions(all))
      return
    }
    for _ in 0..<own.snapshots { ledger.add(try session.softPredictions(all, dropout: true)) }
    try choose(session)
  }

  /// The samples of the next epoch: all in stage 1, the selected ones in stage 2.
  public func samples(_ session: AdaptationSession) -> [Int]? {
    stage = session.epoch < secondStage ? "contrast" : "pseudo"
    return session.epoch < secondStage ? nil : selected
  }

  /// Makes a step of the current stage, online of both stages.
  public func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> AdaptationStep {
    if session.isOnline { return try adaptOnline(batch, session) }
    if session.epoch < secondStage { return try contrast(batch.inputs, session) }
    guard let selected, let labels else { return AdaptationStep() }
    let place = Dictionary(uniqueKeysWithValues: selected.enumerated().map { ($1, $0) })
    let rows = Tensor(batch.indices.compactMap { place[$0] })
    return AdaptationStep(
      loss: try learn(batch.inputs, labels.rows(rows), session), learned: batch.count)
  }

  /// Takes a snapshot when one is due, and selects the samples after the last epoch of stage 1.
  public func endEpoch(_ session: AdaptationSession) throws(Fault) {
    guard variant == .full || variant == .random, session.epoch < secondStage else { return }
    let done = session.epoch + 1
    if done % own.snapshotInterval == 0 { ledger.add(try session.softPredictions(Array(0..<session.samples.count))) }
    if done == secondStage { try choose(session) }
  }

  /// Starts stage 2 after a collapse in stage 1, if there are two snapshots.
  public func didReturn(_ session: AdaptationSession) throws(Fault) -> Bool {
    window = PredictionWindow()
    guard !session.isOnline, session.epoch < secondStage, variant != .contrast, ledger.count > 1 else { return false }
    secondStage = session.epoch + 1
    end = secondStage + own.pseudoEpochs
    try choose(session)
    return true
  }

  /// Selects the samples of stage 2 and their labels. The optimiser starts anew, as in a separate run.
  private func choose(_ session: AdaptationSession) throws(Fault) {
    guard let stability = ledger.stability, stability.allSatisfy(\.isFinite) else {
      throw Evaluation.notFinite(model: session.model.folder)
    }
    let stable = StableSelection.indices(stability, share: own.share)
    selected = variant == .random ? random(stable.count, of: stability.count, session) : stable
    labels = selected.flatMap { ledger.means($0) }
    session.restartOptimizer()
  }

  private func random(_ size: Int, of count: Int, _ session: AdaptationSession) -> [Int] {
    session.generator(.selection).permutation(count).prefix(size).sorted()
  }

  // MARK: - Online

  private func adaptOnline(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> AdaptationStep {
    stage = variant == .contrast ? "contrast" : variant == .pseudo ? "pseudo" : "both"
    var result = variant == .pseudo ? AdaptationStep() : try contrast(batch.inputs, session)
    guard variant != .contrast, !session.hasFailed, let first = batch.prediction else { return result }
    let task = session.model.configuration.task
    window.add(batch.indices, noGrad { SoftPrediction.of(first, task) }, limit: own.window)
    window.update(try session.softPredictions(window.indices, dropout: variant == .pseudo))
    guard (session.stepInEpoch + 1) % pseudoInterval == 0 else { return result }
    let stability = window.stability
    let stable = StableSelection.indices(stability, share: own.share)
    let chosen = variant == .random ? random(stable.count, of: stability.count, session) : stable
    let labels = window.means(chosen)
    let inputs = session.samples.rows(chosen.map { window.indices[$0] }).to(session.device)
    for _ in 0..<own.pseudoSteps {
      guard let loss = try learn(inputs, labels, session) else { break }
      result.loss = result.contrast == nil ? loss : result.loss
    }
    result.learned += chosen.count
    return result
  }

  /// With episodic adaptation each batch is a stream of its own.
  private var pseudoInterval: Int { settings.episodic ? 1 : own.pseudoInterval ?? own.window }

  // MARK: - Parts of both ways of running

  private func contrast(_ inputs: Inputs, _ session: AdaptationSession) throws(Fault) -> AdaptationStep {
    // The contrast of a single sample is 0.
    guard inputs.count > 1 else { return AdaptationStep() }
    session.form(dropout: true)
    let copy = ModalityDrop.dropped(inputs, rate: own.dropRate, generator: session.generator(.views))
    let views = try session.pass(.joined(inputs, copy)) { $0.pooled }
    let loss = try session.update(ContrastiveLoss.value(of: views, temperature: own.temperature))
    return AdaptationStep(loss: loss, contrast: loss, learned: inputs.count)
  }

  private func learn(_ inputs: Inputs, _ labels: Tensor, _ session: AdaptationSession) throws(Fault) -> Double? {
    session.form(dropout: true)
    let prediction = try session.pass(inputs) { $0.prediction }
    let task = session.model.configuration.task
    return try session.update(SoftPrediction.loss(prediction, labels.to(session.device), task))
  }

  /// Discards the window.
  public func reset(_ session: AdaptationSession) { window = PredictionWindow() }

  /// The snapshots, the selection and the window.
  public func state() -> [(key: String, tensor: Tensor)] {
    var tensors: [(key: String, tensor: Tensor)] = [("stages", Tensor([secondStage, end]))]
    tensors += ledger.state().map { ("ledger.\($0.key)", $0.tensor) }
    if let selected, let labels { tensors += [("selected", Tensor(selected)), ("labels", labels)] }
    return tensors + window.state()
  }

  /// Restores the tensors of ``state()``.
  public func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault) {
    let stages = try SavedTensors.tensor("stages", saved, file: file).integers
    if stages.count == 2 { (secondStage, end) = (stages[0], stages[1]) }
    ledger = try SnapshotLedger(saved, prefix: "ledger.", file: file)
    selected = saved["selected"]?.integers
    labels = saved["labels"]
    window = try PredictionWindow(saved, file: file)
  }
}
