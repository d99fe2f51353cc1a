import Torch

/// Baselines that put zeros or a training mean in place of a missing modality.
public final class FillTuning: TuningMethod {
  /// The part of the base that is trained.
  public enum Trained: String, Sendable, CaseIterable {
    /// No parameters: the source model as it is.
    case none
    /// Projections and the last layer, as prompts train them.
    case head
    /// All parameters.
    case all
  }

  private let mean: Bool
  private let trained: Trained
  private var means: MeanFill?

  /// - Parameters:
  ///   - reader: the section of the recipe.
  ///   - mean: fills with the training mean of each step instead of zeros.
  ///   - trained: the default of the setting `train`.
  public init(_ reader: SettingsReader, mean: Bool, trained: Trained) throws(Fault) {
    self.mean = mean
    self.trained = try reader.choice("train", default: trained)
  }

  /// Attaches the fill and freezes all other parameters.
  public func install(on model: MultimodalModel) throws(Fault) {
    TrainableParts(projections: trained == .head, head: trained == .head, everything: trained == .all)
      .apply(to: model.backbone)
    if mean { means = MeanFill(model.configuration) }
    model.attach(means ?? ZeroFill())
  }

  /// Takes the means of the training split.
  public func fit(_ training: UnlabelledSplit, on model: MultimodalModel) throws(Fault) {
    means?.fit(model.prepared(training.withStates(of: model.backbone).inputs))
  }
}

/// Zeros in place of a missing modality, as ``MultimodalModel`` gives them to every backbone.
package final class ZeroFill: Module, Attachment {
  package var stages: Stages { [] }
  package var handlesMissingModalities: Bool { true }
}

/// The training mean of each step and feature in place of a missing modality.
package final class MeanFill: Module, Attachment {
  final class Mean: Module {
    /// In the form of a sample.
    @Buffer var value: Tensor

    init(_ shape: [Int]) {
      super.init()
      value = .zeros(shape)
    }
  }

  @Child("mean") var means: NamedModules
  private let names: [String]

  init(_ configuration: ModelConfiguration) {
    names = configuration.modalities.map(\.name)
    super.init()
    var means = NamedModules()
    for modality in configuration.modalities { means[modality.name] = Mean(modality.sampleShape) }
    self.means = means
  }

  package var stages: Stages { [] }
  package var handlesMissingModalities: Bool { true }
  package var makesUpMissingModalities: Bool { true }

  /// Takes the means over the samples that have a modality, at real steps.
  func fit(_ inputs: Inputs) {
    noGrad {
      for (index, x) in inputs.modalities.enumerated() {
        var weight = Tensor.ones([x.size(0)] + x.shape.dropFirst().map { _ in 1 }, dtype: .float64)
        if let mask = inputs.mask(index) { weight = weight * mask.to(.float64).unsqueezed(2) }
        if let present = inputs.isPresent(index) {
          weight = weight * present.to(.float64).reshaped(to: [-1] + x.shape.dropFirst().map { _ in 1 })
        }
        let mean = (x.to(.float64) * weight).sum(0) / weight.sum(0).clamped(1, nil)
        means[names[index]]!.storage()[0].storage.tensor!.copyInPlace(from: mean.to(x.dtype))
      }
    }
  }

  package func prepare(_ inputs: Inputs) -> Inputs {
    var result = inputs
    for (index, name) in names.enumerated() {
      guard let present = inputs.isPresent(index) else { continue }
      let x = inputs.modalities[index]
      let mean = unsafeDowncast(means[name]!, to: Mean.self).value
      result.modalities[index] = x.selected(
        where: present.reshaped(to: [-1] + x.shape.dropFirst().map { _ in 1 }), otherwise: mean)
    }
    return result
  }
}
