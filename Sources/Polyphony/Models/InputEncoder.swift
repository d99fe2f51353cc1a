import Torch

/// A pretrained encoder of texts, pictures or sounds that is a part of a model.
///
/// The model's backbone then reads the states of the encoder like a sequence of features. ``InputEncoders`` has the
/// families. A layer of the encoder that is an ``AdaptableLayer`` is a place for every tuning method.
public protocol InputEncoder: Module {
  /// The layers from input to output. A training may change the last ones alone.
  var layers: [Module] { get }

  /// The states that the encoder makes of a modality as data have it: a sequence of the same name.
  /// - Throws: `Fault(.usage)` for inputs that this encoder cannot read, such as tokens of another vocabulary.
  func states(of input: Modality) throws(Fault) -> Modality

  /// Encodes the raw inputs of one modality to states `[B, L, width]`.
  ///
  /// - Returns: the states, and the number of real ones of each sample, `[B]` i64. It is nil if all are real. States of
  ///   samples without the modality may be anything finite.
  func encode(_ inputs: Inputs, _ modality: Int) -> (states: Tensor, lengths: Tensor?)
}

extension InputEncoder {
  /// True if no training changes what the encoder computes: it has no trained tensor and no method inside.
  var isFixed: Bool {
    parameters().allSatisfy { $0.storage.tensor?.requiresGradient != true && $0.storage.reparametrization == nil }
      && encoderLayers().allSatisfy { $0.layer.adapter == nil }
  }
}

extension Backbone {
  /// Replaces raw inputs by the states of the encoders inside. Inputs that are states already stay as they are.
  ///
  /// An encoder does not read padding, lost tokens and missing modalities, apart from the first token of a text. One that
  /// is fixed computes without dropout.
  public func encoded(_ inputs: Inputs) -> Inputs {
    guard !inputEncoders.isEmpty else { return inputs }
    var result = inputs
    for index in configuration.modalities.indices {
      guard let encoder = encoder(reading: inputs, index) else { continue }
      if encoder.isTraining, encoder.isFixed { encoder.train(false) }
      (result.modalities[index], result.lengths[index]) = encoder.encode(inputs, index)
    }
    return result
  }

  /// The encoder of a modality whose inputs are raw, which are whole numbers; nil for features and states.
  func encoder(reading inputs: Inputs, _ index: Int) -> (any InputEncoder)? {
    inputs.modalities[index].dtype.isFloatingPoint ? nil : inputEncoders[configuration.modalities[index].name]
  }
}

extension Inputs {
  /// The tokens that an encoder reads, `[B, L]` (bool): real, not lost, and of a present modality, or else the first.
  /// It is nil if all are read.
  public func readable(_ index: Int) -> Tensor? {
    validSteps(index).map { valid in
      let steps = Tensor.range(modalities[index].size(1), device: valid.device)
      return valid .| (steps .== 0).unsqueezed(0)
    }
  }
}
