import Torch

/// CGGM, classifier-guided gradient modulation (Guo et al., NeurIPS 2024, arXiv 2411.01409).
///
/// For each modality i, a classifier f_i reads the encoding without its graph and learns the task with its own
/// optimiser. The rise of its score gives a balancing term B_i (``BalancingTerms``, eq. 6 and 7), which has two uses:
///
/// * Magnitude (eq. 8): B_i multiplies the gradients of modality i's projection and encoder.
/// * Direction (eq. 12, 13): L = L_task + λ L_gm, where L_gm = (1/M) Σ_i (|B_i| − B_i · cos(g_Ω, g_i)). Here g_Ω is the
///   gradient of the model's last weight and g_i that of classifier i's (``HeadGradient``).
///
/// This direction term compares true gradients of the same step and is differentiable in the model. The released code
/// compares weights of the step before, and its term gives the encoders no gradient.
///
/// One backward pass serves the model and the classifiers, because their graphs are disjoint. With `teaching` they are
/// not disjoint. Then a share κ of each classifier's gradient enters its encoder, ∂L/∂h_i += κ ∂L_i/∂h_i, and B_i
/// multiplies it like the rest. With `drop` the fusion reads zeros in place of some encodings (`EncodingDropout`), while
/// the classifiers read all of them. With `dropping: lag` it does so only while one modality alone does better on the
/// validation split (`FusionLag`). Then each epoch needs one more pass over that split.
///
/// Early fusion has no separate encoders, so B_i acts on the projections. A sample that lacks a modality counts in that
/// modality's score like the others.
///
/// ```swift
/// let hook = try ClassifierGuidedModulation(CGGMSettings(.mosi), model)
/// let trainer = try Trainer(
///   model, training: training, validation: validation, settings: .init(), seed: 0, hook: hook)
/// let outcome = try trainer.run()
/// ```
public final class ClassifierGuidedModulation: StepHook {
  /// The settings of the method.
  public let settings: CGGMSettings
  /// The classifiers f_1 … f_M.
  public let classifiers: ModalityClassifiers
  /// The terms B of the last step.
  public private(set) var current: [Double]

  private let names: [String]
  private let score: ModalityScore
  private var terms: BalancingTerms
  private var optimizer: (any Optimizer)?
  private var clip = 0.0
  private var reading = StepReading<Reading>()
  private var log = BalancingLog()
  /// The rates of dropout of encodings.
  private(set) var dropRates: [Double]

  /// Makes the method for a model.
  /// - Throws: `Fault(.usage)` if a modality has no parameters of its own, or if the heads have incomparable gradients.
  public init(_ settings: CGGMSettings, _ model: MultimodalModel) throws(Fault) {
    self.settings = settings
    let configuration = model.configuration
    names = configuration.modalities.map(\.name)
    if settings.parts.scalesGradients { try EncoderGroups.check(model, for: "balance.cggm") }
    score = ModalityScore(configuration.task, regression: settings.score)
    terms = BalancingTerms(
      count: names.count, rho: settings.rho, limit: settings.limit, smoothing: settings.smoothing,
      start: try Self.start(settings, score), measure: settings.measure)
    current = names.map { _ in 1 }
    dropRates = names.map { _ in settings.dropping == .always ? settings.drop : 0 }
    classifiers = ModalityClassifiers(
      model, layers: settings.classifierLayers ?? configuration.classifierLayers ?? 1)
    let (head, own) = (model.backbone.outputLayer.weight.size(1), classifiers.width)
    guard head == own || head == own * names.count else {
      throw Fault(
        .usage, "the gradients of the model's head and of the classifiers' cannot be compared", key: "balance.cggm",
        found: "a head of \(head) features, and classifiers with heads of \(own)",
        expected: "\(own) or \(own * names.count) features")
    }
  }

  private static func start(_ settings: CGGMSettings, _ score: ModalityScore) throws(Fault) -> Double {
    if settings.measure == .level { return score.chance ?? 0 }
    guard settings.start == .chance else { return 0 }
    if let chance = score.chance { return chance }
    throw Fault(
      .usage, "what chance scores depends on the targets here", key: "balance.cggm.start", found: "chance",
      expected: "zero, or balance.cggm.score: sign")
  }

  /// Always true, because the classifiers read the encodings.
  public var needsEncodings: Bool { true }

  /// The encodings that the setting `drop` leaves to the fusion.
  public func fusionInput(_ encoded: [Tokens], of inputs: Inputs) -> [Tokens] {
    EncodingDropout.applied(to: encoded, of: inputs, rates: dropRates)
  }

  /// One parameter group per modality, and one for shared parameters. The classifiers have their own optimiser.
  public func groups(_ model: MultimodalModel, _ training: TrainingSettings) -> [ParameterGroup]? {
    var own = training
    own.optimizer = settings.classifierOptimizer ?? training.optimizer
    let group = ParameterGroup(
      "classifiers", classifiers.trainableParameters(),
      learningRate: settings.classifierLearningRate ?? training.learningRate / 2,
      weightDecay: settings.classifierWeightDecay ?? training.weightDecay)
    optimizer = own.makeOptimizer([group])
    clip = training.clip
    return EncoderGroups.make(model, training)
  }

  /// Always true.
  public var takesParts: Bool { true }
  /// Always true.
  public var needsStatistics: Bool { true }
  /// The optimiser of the classifiers.
  public var ownOptimizers: [any Optimizer] { optimizer.map { [$0] } ?? [] }

  private var usesDirection: Bool { settings.parts.hasDirectionTerm && settings.lambda > 0 }

  /// The classifiers' readings of some samples, and the gradient g_Ω of the head.
  private typealias Reading = (classifiers: [ModalityClassifiers.Reading], head: Tensor)

  private func read(_ step: TrainingStep) -> Reading {
    func gradient() -> Tensor {
      HeadGradient.weight(step.output.features, step.loss.gradient(step.output.prediction, step.batch.target))
    }
    return (
      classifiers(step.output.encoded, share: settings.teaching), usesDirection ? gradient() : noGrad(gradient)
    )
  }

  /// The scores `[M]` of the classifiers, their gradients g_i `[M, outputs, width]`, and g_Ω `[outputs, width]`.
  public func statistics(_ step: TrainingStep) -> [Tensor] {
    let (readings, head) = reading.make(step) { read(step) }
    let target = step.batch.target
    let own = noGrad {
      Tensor.stacked(
        readings.map { HeadGradient.weight($0.features, step.loss.gradient($0.prediction, target)) })
    }
    return [score.stacked(readings.map(\.prediction), target), own, head.detached()]
  }

  /// Computes the terms B of the step.
  public func use(_ statistics: [Tensor], epoch: Int) {
    let scores = statistics[0].doubles
    let balance = terms.update(scores)
    current = balance.terms
    report(epoch, scores, balance, noGrad { HeadGradient.cosines(statistics[2], statistics[1]) })
  }

  /// L_task + λ L_gm plus the classifiers' losses. Without teaching, these have no parameters in common with the model.
  ///
  /// g_Ω and g_i are those of the whole batch. Of a part of it, g_Ω has the value of the whole and the graph of the part.
  public func loss(_ step: TrainingStep) -> Tensor {
    let statistics = statisticsOfBatch(step)
    let (readings, head) = reading.take { read(step) }
    var total = readings.reduce(step.taskLoss) { $0 + step.loss($1.prediction, step.batch.target) }
    if usesDirection {
      let whole = step.isPart ? head + (statistics[2] - head.detached()) : head
      total = total + Self.direction(current, HeadGradient.cosines(whole, statistics[1])) * settings.lambda
    }
    return total
  }

  /// The direction term L_gm = (1/M) Σ_i (|B_i| − B_i · cos_i) of the terms B and the cosines `[M]` (eq. 12).
  public static func direction(_ terms: [Double], _ cosines: Tensor) -> Tensor {
    let weights = Tensor(terms).to(cosines.dtype).to(cosines.device)
    return (weights.abs() - weights * cosines).mean()
  }

  /// Multiplies the gradients of each modality, or its learning rate, by B_i.
  public func adjustGradients(_ step: TrainingStep) {
    guard settings.parts.scalesGradients else { return }
    switch settings.target {
    case .gradients: EncoderGroups.scaleGradients(of: names, by: current, in: step.optimizer)
    case .updates: EncoderGroups.scaleRates(of: names, by: current, in: step.optimizer)
    }
  }

  /// Updates the classifiers.
  public func endStep(_ step: TrainingStep) {
    guard let optimizer else { return }
    if clip > 0 { optimizer.clipGradients(norm: clip) }
    optimizer.step()
  }

  private var followsLag: Bool { settings.dropping == .lag && settings.drop > 0 }

  /// Sets the rates of dropout for the next epoch from the fusion's lag behind single modalities.
  public func endEpoch(_ epoch: Int, validation: LabelledSplit, model: MultimodalModel) throws(Fault) {
    guard followsLag else { return }
    let scores = validationScores(validation, model)
    log.add("drop", names, dropRates)
    let lag = FusionLag(
      fused: scores[0], alone: Array(scores[1...]), best: score.best, count: validation.count)
    dropRates = lag.rates(settings.drop)
    log.add("validation_score", ["fused"] + names, scores)
  }

  /// The scores of the fused prediction and of all classifiers on a split.
  private func validationScores(_ split: LabelledSplit, _ model: MultimodalModel) -> [Double] {
    classifiers.train(false)
    defer { classifiers.train() }
    return model.means(over: split, count: 1 + names.count) { output, target in
      score([output.prediction] + classifiers(output.encoded).map(\.prediction), target)
    }
  }

  private func report(_ epoch: Int, _ scores: [Double], _ balance: BalancingTerms.Step, _ cosines: Tensor) {
    log.begin(epoch)
    log.add("score", names, scores)
    log.add("balance", names, balance.terms)
    log.add("cosine", names, cosines.doubles)
    log.add("clamped", names, balance.clamped.map { $0 ? 1 : 0 })
    log.add("balance_undefined", balance.isUndefined ? 1 : 0)
  }

  /// The epoch's means by modality and one figure for all.
  ///
  /// `score`, `balance` (B_i), `cosine` and `clamped` (the share of steps with a clamped B_i) have one figure per
  /// modality. `balance_undefined` is the share of steps in which ΣΔε vanished. With `dropping: lag` there are also the
  /// epoch's rates `drop` and, at its end, `validation_score` of each modality and of `fused`.
  public func metrics() -> [(name: String, value: Double)] { log.metrics }

  /// The classifiers, their optimiser, the scores, the rates of dropout and the epoch's log so far.
  public func state() -> [(key: String, tensor: Tensor)] {
    StrategyState.prefixed("classifiers", classifiers.state())
      + StrategyState.prefixed("optimizer", optimizer?.state() ?? [])
      + [("scores", StrategyState.numbers(terms.scores)), ("terms", StrategyState.numbers(current))]
      + (followsLag ? [("drop", StrategyState.numbers(dropRates))] : []) + log.state()
  }

  /// Restores the tensors of ``state()``.
  public func load(_ state: [String: Tensor], file: String?) throws(Fault) {
    try classifiers.load(StrategyState.section("classifiers", of: state), file: file)
    try optimizer?.load(StrategyState.section("optimizer", of: state), file: file)
    terms.scores = try StrategyState.numbers("scores", of: state, count: names.count, file: file)
    current = try StrategyState.numbers("terms", of: state, count: names.count, file: file)
    if followsLag { dropRates = try StrategyState.numbers("drop", of: state, count: names.count, file: file) }
    try log.load(state, file: file)
  }
}
