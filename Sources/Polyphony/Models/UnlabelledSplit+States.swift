import Torch

extension UnlabelledSplit {
  /// The most bytes of a split's states that are kept in memory.
  private static let mostBytes = 4 << 30
  private static let batch = 32

  /// The same samples with the states of encoders inside a backbone in place of raw inputs.
  /// - Parameter onlyFixed: true for the encoders that no training changes alone, whose states are the same in every
  ///   epoch. Raw inputs then stay if their states need more than 4 GiB.
  func withStates(of backbone: any Backbone, onlyFixed: Bool = false) -> UnlabelledSplit {
    let (wasTraining, like) = (backbone.isTraining, backbone.parameters().first?.storage.tensor)
    backbone.train(false)
    defer { backbone.train(wasTraining) }
    var inputs = inputs
    for (index, modality) in backbone.configuration.modalities.enumerated() {
      guard let encoder = backbone.encoder(reading: inputs, index) else { continue }
      let numbers = modality.sampleShape.reduce(count, *)
      if onlyFixed, !encoder.isFixed || numbers > Self.mostBytes / 4 { continue }
      (inputs.modalities[index], inputs.lengths[index]) = noGrad {
        states(of: encoder, index, device: like?.device ?? .cpu)
      }
    }
    return UnlabelledSplit(name: name, inputs: inputs, ids: ids, volumes: volumes)
  }

  /// The states of one encoder, computed in batches.
  private func states(
    of encoder: any InputEncoder, _ index: Int, device: Device
  ) -> (states: Tensor, lengths: Tensor?) {
    var (all, lengths, isPadded): (Tensor?, [Int], Bool) = (nil, [], false)
    for start in stride(from: 0, to: count, by: Self.batch) {
      let part = start..<min(start + Self.batch, count)
      let (states, real) = encoder.encode(inputs.rows(Tensor(Array(part))).to(device), index)
      let whole = all ?? .zeros([count] + states.shape.dropFirst(), dtype: states.dtype)
      whole[part].copyInPlace(from: states.to(.cpu))
      all = whole
      isPadded = isPadded || real != nil
      lengths += real?.integers ?? part.map { _ in states.size(1) }
    }
    return (all ?? inputs.modalities[index], isPadded ? Tensor(lengths) : nil)
  }
}

extension LabelledSplit {
  /// The same samples with the states of fixed encoders, so that a training computes them once.
  func withFixedStates(of backbone: any Backbone) -> LabelledSplit {
    guard !backbone.inputEncoders.isEmpty else { return self }
    return LabelledSplit(samples: samples.withStates(of: backbone, onlyFixed: true), target: target)
  }
}
