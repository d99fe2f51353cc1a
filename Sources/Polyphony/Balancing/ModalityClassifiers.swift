import Torch

/// The classifiers of all modalities. As published, they read encodings without their graph and give the model no
/// gradient.
///
/// The parameters' names are `classifers.i.…`, with this spelling of the released code.
///
/// ```swift
/// let classifiers = ModalityClassifiers(model, layers: 1)
/// let encoded = model(inputs, encodings: true).encoded
/// let predictions = classifiers(encoded).map(\.prediction)
/// ```
public final class ModalityClassifiers: Module {
  /// The features and the prediction of one classifier for a batch.
  public struct Reading {
    /// The input of its last linear layer.
    public var features: Tensor
    /// The prediction ŷ_i.
    public var prediction: Tensor
  }

  @Child("classifers") var modules: [Module]
  private let classifiers: [any ModalityClassifier]

  /// Makes the classifiers for a model, on its device and with its element type.
  /// - Parameters:
  ///   - model: the model.
  ///   - layers: the number of layers of each classifier's encoder; a light decoder has none.
  public init(_ model: MultimodalModel, layers: Int) {
    let backbone = model.backbone
    classifiers = backbone.configuration.modalities.indices.map { backbone.makeClassifier(of: $0, layers: layers) }
    super.init()
    modules = classifiers
    move(to: model.device, dtype: backbone.outputLayer.weight.dtype)
  }

  /// The number of features that each classifier's last layer reads.
  var width: Int { classifiers[0].outputLayer.weight.size(1) }

  /// Computes the readings of all classifiers for a batch.
  /// - Parameters:
  ///   - encoded: h_1 … h_M.
  ///   - share: the share of the classifiers' gradient that reaches the encoders; 0 for none.
  public func callAsFunction(_ encoded: [Tokens], share: Double = 0) -> [Reading] {
    zip(encoded, classifiers).map { tokens, classifier in
      var tokens = tokens
      tokens.values = tokens.values.passing(share)
      tokens.details = tokens.details.map { $0.passing(share) }
      let features = classifier.features(tokens)
      return Reading(features: features, prediction: classifier.prediction(features))
    }
  }
}

extension Tensor {
  /// The same values, with a backward that passes only a share of the gradient.
  fileprivate func passing(_ share: Double) -> Tensor {
    let values = detached()
    // The difference is exactly 0.
    return share == 0 ? values : values + (self - values) * share
  }
}
