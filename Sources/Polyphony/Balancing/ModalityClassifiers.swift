import Torch

/// The classifiers of all modalities. As published they read encodings without their graph, so that they teach the model
/// nothing.
///
/// Parameters are named `classifers.i.…` (so spelt) as in the released code.
public final class ModalityClassifiers: Module {
  /// What one classifier makes of a batch.
  public struct Reading {
    /// What its last linear layer takes.
    public var features: Tensor
    /// ŷ_i.
    public var prediction: Tensor
  }

  @Child("classifers") var modules: [Module]
  private let classifiers: [any ModalityClassifier]

  /// Classifiers for a model, on its device and with its element type.
  /// - Parameters:
  ///   - model: the model.
  ///   - layers: of each classifier's encoder; light decoders have none.
  public init(_ model: MultimodalModel, layers: Int) {
    let backbone = model.backbone
    classifiers = backbone.configuration.modalities.indices.map { backbone.makeClassifier(of: $0, layers: layers) }
    super.init()
    modules = classifiers
    move(to: model.device, dtype: backbone.outputLayer.weight.dtype)
  }

  /// All readings of a batch.
  /// - Parameters:
  ///   - encoded: h_1 … h_M.
  ///   - share: how much of the classifiers' gradient reaches the encoders; 0 none.
  public func callAsFunction(_ encoded: [Tokens], share: Double = 0) -> [Reading] {
    zip(encoded, classifiers).map { tokens, classifier in
      var tokens = tokens
      tokens.values = tokens.values.passing(share)
      tokens.detail = tokens.detail?.passing(share)
      let features = classifier.features(tokens)
      return Reading(features: features, prediction: classifier.prediction(features))
    }
  }
}

extension Tensor {
  /// The same values, of whose gradient only a share goes further back.
  fileprivate func passing(_ share: Double) -> Tensor {
    let values = detached()
    // The difference is exactly 0.
    return share == 0 ? values : values + (self - values) * share
  }
}
