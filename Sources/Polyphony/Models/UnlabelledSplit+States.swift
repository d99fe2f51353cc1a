import Torch

extension UnlabelledSplit {
  /// The most bytes of a split's states that are kept in memory.
  private static let mostBytes = 4 << 30
  private static let batch = 32

  /// The same samples with the states of encoders inside a backbone in place of tokens.
  /// - Parameter onlyFixed: true for the encoders that no training changes alone, whose states are the same in every
  ///   epoch. Tokens then stay if their states need more than 4 GiB.
  func withStates(of backbone: any Backbone, onlyFixed: Bool = false) -> UnlabelledSplit {
    let (wasTraining, like) = (backbone.isTraining, backbone.parameters().first?.storage.tensor)
    backbone.train(false)
    defer { backbone.train(wasTraining) }
    var inputs = inputs
    for (index, modality) in backbone.configuration.modalities.enumerated() {
      let tokens = inputs.modalities[index]
      guard let encoder = backbone.inputEncoders[modality.name], !tokens.dtype.isFloatingPoint else { continue }
      if onlyFixed, !encoder.isFixed || tokens.count > Self.mostBytes / (4 * encoder.width) { continue }
      inputs.modalities[index] = noGrad {
        let states = Tensor.zeros(tokens.shape + [encoder.width], dtype: like?.dtype ?? .float32)
        for start in stride(from: 0, to: count, by: Self.batch) {
          let part = start..<min(start + Self.batch, count)
          let batch = self.inputs.rows(Tensor(Array(part))).to(like?.device ?? .cpu)
          states[part].copyInPlace(from: encoder.encode(batch.modalities[index], mask: batch.readable(index)).to(.cpu))
        }
        return states
      }
    }
    return UnlabelledSplit(name: name, inputs: inputs, ids: ids)
  }
}

extension LabelledSplit {
  /// The same samples with the states of fixed encoders, so that a training computes them once.
  func withFixedStates(of backbone: any Backbone) -> LabelledSplit {
    guard !backbone.inputEncoders.isEmpty else { return self }
    return LabelledSplit(samples: samples.withStates(of: backbone, onlyFixed: true), target: target)
  }
}
