import Torch

/// CASP: contrastive adaptation, then stable pseudo-labels (AAAI 2025, arXiv 2412.07121).
///
/// Stage 1 pulls the representations of a sample and of its copy without one modality together
/// (``ModalityDrop``, ``ContrastiveLoss``). Before it and every few epochs all predictions are kept. Stage 2 takes the
/// samples whose predictions moved least (``SnapshotLedger``, ``StableSelection``) and learns their mean predictions:
/// mean absolute error for regression, cross-entropy with soft labels for classes, for segmentation at every place.
/// Only the LayerNorms of the layers are trained (of batch normalisations, where there are none, scale and shift).
///
/// Offline both stages are epochs over the target. Online each batch gets a step of contrast, after which the samples of
/// the last batches are predicted once more; whenever a window of batches has passed, the most stable of them are learned.
///
/// Ablations: ``Variant``. Where the released code keeps the least stable samples, this keeps the stable ones.
public final class CASP: AdaptationMethod, SelectingMethod {
  /// The method, and what is left of it in an ablation.
  public enum Variant: String, Sendable, CaseIterable {
    /// Both stages.
    case full = "casp"
    /// Stage 1 alone.
    case contrast = "casp-contrast"
    /// Stage 2 alone. Without stage 1 nothing moves, so snapshots are taken of the source with dropout on.
    case pseudo = "casp-pseudo"
    /// Both stages, as many samples chosen at random.
    case random = "casp-random"
  }

  /// The method's name.
  public var name: String { variant.rawValue }
  /// Which form of the method this is.
  public let variant: Variant
  /// What all methods have in common.
  public let settings: AdaptationSettings
  /// What only this one has.
  public let own: CASPSettings
  /// The LayerNorms of the layers, and the last ones where settings say so.
  public let tensors: AdaptedTensors

  /// Predictions of all samples, offline.
  private var ledger = SnapshotLedger()
  var snapshots: SnapshotLedger? { ledger.count > 1 ? ledger : nil }
  var share: Double { own.share }
  /// The samples of stage 2 and their labels.
  private(set) var selected: [Int]?
  private var labels: Tensor?
  /// The first epoch of stage 2, and the first that is not there.
  private var secondStage: Int
  private var end: Int
  private var window = PredictionWindow()

  /// Reads the settings.
  public init(_ variant: Variant, _ reader: SettingsReader) throws(Fault) {
    self.variant = variant
    settings = try AdaptationSettings(reader, hasEpochs: false)
    own = try CASPSettings(reader)
    tensors = AdaptedTensors(.norms, lastNorm: try reader.bool("last_norm", default: false))
    secondStage = variant == .pseudo ? 0 : own.contrastEpochs
    end = secondStage + (variant == .contrast ? 0 : own.pseudoEpochs)
  }

  /// Both stages'.
  public var epochs: Int { end }

  /// `contrast` or `pseudo`; online `both`, in ablations the one that is left.
  public private(set) var stage = "contrast"

  /// What departs from the publication.
  public func notes(for model: MultimodalModel) -> [String] {
    var notes: [String] = []
    if model.configuration.modalities.count == 1, variant != .pseudo {
      notes.append("one modality: none can be dropped, views differ by dropout alone")
    }
    if variant == .pseudo { notes.append("snapshots are of the source with dropout on") }
    if model.backbone.encoderLayers().isEmpty {
      notes.append("no LayerNorms: scale and shift of the batch normalisations are adapted")
    }
    return notes
  }

  // Offline

  /// The first snapshot.
  public func begin(_ session: AdaptationSession) throws(Fault) {
    guard !session.isOnline, variant != .contrast else { return }
    let all = Array(0..<session.samples.count)
    guard variant == .pseudo else {
      ledger.add(session.softPredictions(all))
      return
    }
    for _ in 0..<own.snapshots { ledger.add(session.softPredictions(all, dropout: true)) }
    try choose(session)
  }

  /// All in stage 1, the stable ones in stage 2.
  public func samples(_ session: AdaptationSession) -> [Int]? {
    stage = session.epoch < secondStage ? "contrast" : "pseudo"
    return session.epoch < secondStage ? nil : selected
  }

  /// A step of the stage that is on; online of both.
  public func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> AdaptationStep {
    if session.isOnline { return try adaptOnline(batch, session) }
    if session.epoch < secondStage { return contrast(batch.inputs, session) }
    guard let selected, let labels else { return AdaptationStep() }
    let place = Dictionary(uniqueKeysWithValues: selected.enumerated().map { ($1, $0) })
    let rows = Tensor(batch.indices.compactMap { place[$0] })
    return AdaptationStep(
      loss: learn(batch.inputs, labels.rows(rows), session), learned: batch.count)
  }

  /// A snapshot where it is time, and the choice after the last epoch of stage 1.
  public func endEpoch(_ session: AdaptationSession) throws(Fault) {
    guard variant == .full || variant == .random, session.epoch < secondStage else { return }
    let done = session.epoch + 1
    if done % own.snapshotInterval == 0 { ledger.add(session.softPredictions(Array(0..<session.samples.count))) }
    if done == secondStage { try choose(session) }
  }

  /// Stage 2 after a collapse in stage 1, where two snapshots had been taken.
  public func didReturn(_ session: AdaptationSession) throws(Fault) -> Bool {
    window = PredictionWindow()
    guard !session.isOnline, session.epoch < secondStage, variant != .contrast, ledger.count > 1 else { return false }
    secondStage = session.epoch + 1
    end = secondStage + own.pseudoEpochs
    try choose(session)
    return true
  }

  /// Fixes the samples of stage 2 and their labels; the optimiser starts anew, as in a run of its own.
  private func choose(_ session: AdaptationSession) throws(Fault) {
    guard let stability = ledger.stability, stability.allSatisfy(\.isFinite) else {
      throw Fault(
        .failure, "the model predicts values that are not finite numbers",
        remedy: "check the model's weights and the scale of the inputs")
    }
    let stable = StableSelection.indices(stability, share: own.share)
    selected = variant == .random ? random(stable.count, of: stability.count, session) : stable
    labels = selected.flatMap { ledger.means($0) }
    session.restartOptimizer()
  }

  private func random(_ size: Int, of count: Int, _ session: AdaptationSession) -> [Int] {
    session.generator(.selection).permutation(count).prefix(size).sorted()
  }

  // Online

  private func adaptOnline(_ batch: AdaptationBatch, _ session: AdaptationSession) throws(Fault) -> AdaptationStep {
    stage = variant == .contrast ? "contrast" : variant == .pseudo ? "pseudo" : "both"
    var result = variant == .pseudo ? AdaptationStep() : contrast(batch.inputs, session)
    guard variant != .contrast, !session.hasFailed, let first = batch.prediction else { return result }
    let task = session.model.configuration.task
    window.add(batch.indices, noGrad { SoftPrediction.of(first, task) }, limit: own.window)
    window.update(session.softPredictions(window.indices, dropout: variant == .pseudo))
    guard (session.stepInEpoch + 1) % pseudoInterval == 0 else { return result }
    let stability = window.stability
    let stable = StableSelection.indices(stability, share: own.share)
    let chosen = variant == .random ? random(stable.count, of: stability.count, session) : stable
    let labels = window.means(chosen)
    let inputs = session.samples.rows(chosen.map { window.indices[$0] }).to(session.device)
    for _ in 0..<own.pseudoSteps {
      guard let loss = learn(inputs, labels, session) else { break }
      result.loss = result.contrast == nil ? loss : result.loss
    }
    result.learned += chosen.count
    return result
  }

  /// Where every batch starts from the source, each is a stream of its own.
  private var pseudoInterval: Int { settings.episodic ? 1 : own.pseudoInterval ?? own.window }

  // Both

  private func contrast(_ inputs: Inputs, _ session: AdaptationSession) -> AdaptationStep {
    // A single sample has nobody to be told from.
    guard inputs.count > 1 else { return AdaptationStep() }
    session.form(dropout: true)
    let copy = ModalityDrop.dropped(inputs, rate: own.dropRate, generator: session.generator(.views))
    let output = session.model(.joined(inputs, copy))
    let loss = session.update(ContrastiveLoss.value(of: output.pooled, temperature: own.temperature))
    return AdaptationStep(loss: loss, contrast: loss, learned: inputs.count)
  }

  private func learn(_ inputs: Inputs, _ labels: Tensor, _ session: AdaptationSession) -> Double? {
    session.form(dropout: true)
    let prediction = session.model(inputs).prediction
    return session.update(SoftPrediction.loss(prediction, labels.to(session.device), session.model.configuration.task))
  }

  /// Forgets the window.
  public func reset(_ session: AdaptationSession) { window = PredictionWindow() }

  /// Snapshots, the choice, the window.
  public func state() -> [(key: String, tensor: Tensor)] {
    var tensors: [(key: String, tensor: Tensor)] = [("stages", Tensor([secondStage, end]))]
    tensors += ledger.state().map { ("ledger.\($0.key)", $0.tensor) }
    if let selected, let labels { tensors += [("selected", Tensor(selected)), ("labels", labels)] }
    return tensors + window.state()
  }

  /// Takes over what ``state()`` gave.
  public func load(_ saved: [String: Tensor], _ session: AdaptationSession, file: String?) throws(Fault) {
    let stages = try SavedTensors.tensor("stages", saved, file: file).integers
    if stages.count == 2 { (secondStage, end) = (stages[0], stages[1]) }
    ledger = try SnapshotLedger(saved, prefix: "ledger.", file: file)
    selected = saved["selected"]?.integers
    labels = saved["labels"]
    window = try PredictionWindow(saved, file: file)
  }
}
