import Torch

/// MSLR, modality-specific learning rates (Yao & Mihalcea, Findings of ACL 2022, their «dynamic» form).
///
/// The projection and encoder of modality m learn with the rate f_m · η. Each f_m starts at a given factor. After every
/// epoch the model is evaluated on the validation split with m alone. If that loss has not improved for more than
/// `patience` epochs, f_m is multiplied by `decay`, down to `floor` times its start. So a modality slows down once it
/// stops learning or begins to overfit, while the others go on.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "{patience: 3, decay: 0.3}", file: "recipe")
/// let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in
///   try ModalityLearningRates(reader, model)
/// }
/// ```
public final class ModalityLearningRates: StepHook {
  private let names: [String]
  private let start: [Double]
  private let decay: Double
  private let patience: Int
  private let floor: Double
  private var factors: [Double]
  private var best: [Double]
  private var worse: [Double]
  private var losses: [Double] = []

  /// Reads the settings `rates` (one factor for each modality, all 1), `decay` (0.5), `patience` (2) and `floor`
  /// (0.01).
  /// - Throws: `Fault(.usage)` for a setting out of range, and if a modality has no parameters of its own.
  public init(_ reader: SettingsReader, _ model: MultimodalModel) throws(Fault) {
    try EncoderGroups.check(model, for: reader.path)
    names = model.configuration.modalities.map(\.name)
    start = try reader.list(
      "rates", of: .double(in: 0...), default: names.map { _ in 1 }, count: names.count...names.count)
    decay = try reader.double("decay", default: 0.5, in: 0...1)
    patience = try reader.int("patience", default: 2, in: 0...)
    floor = try reader.double("floor", default: 0.01, in: 0...1)
    factors = start
    best = names.map { _ in .infinity }
    worse = names.map { _ in 0 }
  }

  /// Always true.
  public var takesParts: Bool { true }

  /// One parameter group per modality, and one for shared parameters.
  public func groups(_ model: MultimodalModel, _ settings: TrainingSettings) -> [ParameterGroup]? {
    EncoderGroups.make(model, settings)
  }

  /// Multiplies the rate of this step by f_m.
  public func adjustGradients(_ step: TrainingStep) {
    EncoderGroups.scaleRates(of: names, by: factors, in: step.optimizer)
  }

  /// Evaluates each modality alone and slows down those without improvement.
  public func endEpoch(_ epoch: Int, validation: LabelledSplit, model: MultimodalModel) throws(Fault) {
    losses = []
    for index in names.indices {
      let only = names.indices.map { $0 == index }
      let loss = try model.evaluate(
        validation, device: model.device, prepare: { inputs, _ in inputs.keeping(only) }
      ).loss
      losses.append(loss)
      if loss < best[index] {
        (best[index], worse[index]) = (loss, 0)
      } else {
        worse[index] += 1
      }
      if worse[index] > Double(patience) {
        factors[index] = max(factors[index] * decay, start[index] * floor)
        worse[index] = 0
      }
    }
  }

  /// The figures `rate/NAME` (f_m) and `alone_loss/NAME` (the validation loss with the modality alone).
  public func metrics() -> [(name: String, value: Double)] {
    zip(names, factors).map { ("rate/\($0)", $1) } + zip(names, losses).map { ("alone_loss/\($0)", $1) }
  }

  /// The factors, the best losses, and the number of epochs since each best loss or decay.
  public func state() -> [(key: String, tensor: Tensor)] {
    [("factors", .init(factors)), ("best", .init(best)), ("worse", .init(worse))]
  }

  /// Restores the tensors of ``state()``.
  public func load(_ state: [String: Tensor], file: String?) throws(Fault) {
    factors = try StrategyState.numbers("factors", of: state, count: names.count, file: file)
    best = try StrategyState.numbers("best", of: state, count: names.count, file: file)
    worse = try StrategyState.numbers("worse", of: state, count: names.count, file: file)
  }
}
