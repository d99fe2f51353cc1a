import Torch

/// A classifier f_i of CGGM, which predicts the task from one modality's encoding during training.
public protocol ModalityClassifier: Module {
  /// The input of the last linear layer: `[B, width]`, or `[B, width, h, w]` for maps.
  func features(_ tokens: Tokens) -> Tensor
  /// The prediction from ``features(_:)``.
  func prediction(_ features: Tensor) -> Tensor
  /// The last linear layer, whose input are the features.
  var outputLayer: Linear { get }
}

/// A classifier with a small encoder, a hidden layer on the first step, and a linear head.
///
/// ŷ_i = out(relu(W W bone(h_i)[first step])). As in the released code, the hidden layer W (with bias) is applied
/// twice. The head reads only the first step, so the encoder's last layer computes no other step.
public final class SequenceClassifier: Module, ModalityClassifier {
  @Child var bone: TransformerEncoder
  @Child("proj1") var hidden: Linear
  /// The last layer.
  @Child("out_layer") public var outputLayer: Linear

  /// Makes a classifier of encodings with `width` features.
  public init(width: Int, heads: Int, layers: Int, outputs: Int, rates: DropoutRates) {
    super.init()
    bone = TransformerEncoder(width: width, heads: heads, layers: layers, rates: rates)
    hidden = Linear(width, width)
    outputLayer = Linear(width, outputs)
  }

  /// The features relu(W W bone(h)[first step]), `[B, width]`.
  public func features(_ tokens: Tokens) -> Tensor {
    hidden(hidden(bone(tokens.values, mask: tokens.mask, readout: .first).squeezed(1))).relu()
  }

  /// The prediction out(features).
  public func prediction(_ features: Tensor) -> Tensor { outputLayer(features) }
}
