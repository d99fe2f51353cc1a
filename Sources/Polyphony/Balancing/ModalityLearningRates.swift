import Torch

/// MSLR, modality-specific learning rates (Yao & Mihalcea, Findings of ACL 2022, their «dynamic» form).
///
/// Modality m's projection and encoder learn with f_m · η. Each f_m starts at a given factor; after every epoch the model
/// is judged on the validation split with m alone, and where that loss has not improved for more than `patience`
/// epochs, f_m is multiplied by `decay`, down to `floor` times its start. A modality that has stopped learning, or begun
/// to overfit, so slows down while the others go on.
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

  /// Reads `rates` (one factor for each modality, all 1), `decay` (0.5), `patience` (2), `floor` (0.01).
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

  /// A group per modality.
  public func groups(_ model: MultimodalModel, _ settings: TrainingSettings) -> [ParameterGroup]? {
    EncoderGroups.make(model, settings)
  }

  /// f_m times the rate of this step, which the loop sets anew before each.
  public func adjustGradients(_ step: TrainingStep) {
    for (index, factor) in factors.enumerated() {
      EncoderGroups.encoder(index, of: step.optimizer).learningRate *= factor
    }
  }

  /// Judges each modality alone and slows down those that have stopped.
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

  /// `rate/NAME` (f_m) and `alone_loss/NAME` (the validation loss with the modality alone).
  public func metrics() -> [(name: String, value: Double)] {
    zip(names, factors).map { ("rate/\($0)", $1) } + zip(names, losses).map { ("alone_loss/\($0)", $1) }
  }

  /// Factors, best losses, and for how long they have stood.
  public func state() -> [(key: String, tensor: Tensor)] {
    [("factors", .init(factors)), ("best", .init(best)), ("worse", .init(worse))]
  }

  /// Takes over what ``state()`` gave.
  public func load(_ state: [String: Tensor], file: String?) throws(Fault) {
    factors = try StrategyState.numbers("factors", of: state, count: names.count, file: file)
    best = try StrategyState.numbers("best", of: state, count: names.count, file: file)
    worse = try StrategyState.numbers("worse", of: state, count: names.count, file: file)
  }
}
