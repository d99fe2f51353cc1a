import Torch

/// A pretrained encoder of texts that is a part of a model.
///
/// The model's backbone then reads the states of the encoder like a sequence of features. ``InputEncoders`` has the
/// families. A layer of the encoder that is an ``AdaptableLayer`` is a place for every tuning method.
public protocol InputEncoder: Module {
  /// The features of a state.
  var width: Int { get }
  /// The number of different tokens, which are numbered from 0.
  var vocabulary: Int { get }
  /// The most tokens of a sample.
  var longest: Int { get }

  /// Encodes tokens `[B, L]` (i64) to states `[B, L, width]`.
  /// - Parameter mask: `[B, L]`, true for the tokens that are read, one at least in each sample. Other states are zero.
  func encode(_ tokens: Tensor, mask: Tensor?) -> Tensor
}

extension InputEncoder {
  /// True if no training changes what the encoder computes: it has no trained tensor and no method inside.
  var isFixed: Bool {
    parameters().allSatisfy { $0.storage.tensor?.requiresGradient != true && $0.storage.reparametrization == nil }
      && encoderLayers().allSatisfy { $0.layer.adapter == nil }
  }
}

extension Backbone {
  /// Replaces tokens by the states of the encoders inside. Inputs that are states already stay as they are.
  ///
  /// An encoder does not read padding, lost steps and the tokens of missing modalities, apart from a sample's first
  /// token. One that is fixed computes without dropout.
  public func encoded(_ inputs: Inputs) -> Inputs {
    guard !inputEncoders.isEmpty else { return inputs }
    var result = inputs
    for (index, modality) in configuration.modalities.enumerated() {
      let tokens = inputs.modalities[index]
      guard let encoder = inputEncoders[modality.name], !tokens.dtype.isFloatingPoint else { continue }
      if encoder.isTraining, encoder.isFixed { encoder.train(false) }
      result.modalities[index] = encoder.encode(tokens, mask: inputs.readable(index))
    }
    return result
  }
}

extension Inputs {
  /// The steps that an encoder reads, `[B, L]` (bool): real, not lost, and of a present modality, or else the first.
  /// It is nil if all are read.
  func readable(_ index: Int) -> Tensor? {
    let present = isPresent(index)?.unsqueezed(1)
    let parts = [mask(index), kept[index], present].compactMap(\.self)
    guard let first = parts.first else { return nil }
    let steps = Tensor.range(modalities[index].size(1), device: first.device)
    return parts.dropFirst().reduce(first) { $0 .& $1 } .| (steps .== 0).unsqueezed(0)
  }
}
