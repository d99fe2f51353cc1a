import Polyphony
import Torch

/// A network that reads pictures.
protocol PixelReader: EncoderNetwork {
  /// The fewest pixels of a side.
  var leastSide: Int { get }

  /// The number of states of a picture.
  func stateCount(height: Int, width: Int) -> Int
}

/// A transformer, which has a state for each patch, and learnt ones in front.
private protocol PatchReader: PixelReader {
  var embeddings: PatchEmbeddings { get }
}

extension PatchReader {
  var leastSide: Int { embeddings.patch }
  func stateCount(height: Int, width: Int) -> Int { embeddings.count(height: height, width: width) }
}

extension VisionTransformer: PatchReader {}
extension ContrastivePicture: PatchReader {}

/// A convolutional network, which has a state for each place of its last layer.
private protocol ConvolutionalReader: PixelReader {
  /// The pixels of a side for each place.
  var reduction: Int { get }
}

extension ConvolutionalReader {
  var leastSide: Int { 1 }
  func stateCount(height: Int, width: Int) -> Int {
    (height + reduction - 1) / reduction * ((width + reduction - 1) / reduction)
  }
}

extension ResidualNetwork: ConvolutionalReader {}
extension MobileNetwork: ConvolutionalReader {}

/// An encoder of pictures inside a model. Each patch or place has a state, and transformers have one or two learnt ones in
/// front.
final class PixelsInside: Module, InputEncoder {
  @Child("") private var network: EncoderNetwork
  private let preparation: PicturePreparation
  private let leastSide: Int
  private let stateCount: (_ height: Int, _ width: Int) -> Int
  var layers: [Module] { network.trainedLayers }

  init(_ network: any PixelReader, _ preparation: PicturePreparation) {
    (self.preparation, leastSide, stateCount) = (preparation, network.leastSide, network.stateCount)
    super.init()
    self.network = network
  }

  /// Switches to training or evaluation. Batch norms keep the running statistics of the pretraining, because a batch of few
  /// pictures has none to rely on.
  override func train(_ value: Bool = true) {
    super.train(value)
    for (_, norm) in modules(BatchNorm2d.self) { norm.train(false) }
  }

  func states(of input: Modality) throws(Fault) -> Modality {
    let (height, width) = (input.height ?? 0, input.width ?? 0)
    guard min(height, width) >= leastSide else {
      throw unreadable(input, "\(height)×\(width) pixels", "at least \(leastSide)×\(leastSide) pixels")
    }
    return .sequence(input.name, features: network.width, length: stateCount(height, width))
  }

  /// Encodes bytes `[B, 3, height, width]`. States of missing pictures are zero.
  func encode(_ inputs: Inputs, _ modality: Int) -> (states: Tensor, lengths: Tensor?) {
    let pixels = inputs.modalities[modality]
    let rows = inputs.presentRows(modality)
    guard !rows.isEmpty else {
      let count = stateCount(pixels.size(2), pixels.size(3))
      return (.zeros([pixels.size(0), count, network.width], device: pixels.device), nil)
    }
    let shown = rows.count < pixels.size(0) ? pixels.rows(Tensor(rows).to(pixels.device)) : pixels
    let states = trusted { () throws(Fault) in
      try network.encode(pixels: preparation.normalised(shown), layer: -1).hidden()
    }
    return (states.spread(over: pixels.size(0), rows: rows), nil)
  }
}
