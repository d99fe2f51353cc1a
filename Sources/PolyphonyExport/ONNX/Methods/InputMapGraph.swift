import Polyphony
import Torch

/// An affine map of each standardised feature. Padding and missing modalities stay zero.
struct InputMapGraph: GraphMethod {
  let parameters: GraphParameters
  let modalities: [Modality]

  /// A map for each step needs the steps of training.
  var needsEveryStep: Bool { true }

  func prepare(_ inputs: GraphInputs) -> GraphInputs {
    var result = inputs
    for (index, modality) in modalities.enumerated() where modality.statisticsCount > 0 {
      let x = inputs.values[index]
      let (scale, shift) = (parameters["map.\(modality.name).scale"], parameters["map.\(modality.name).shift"])
      let width = modality.statisticsCount
      let form = modality.kind == .image ? [1, width, 1, 1] : modality.kind == .vector ? [1, width] : [1, -1, width]
      func formed(_ tensor: GraphTensor) -> GraphTensor { tensor.node("Reshape", x.builder.constant(form)) }
      var moved = x * formed(scale) + formed(shift)
      if let mask = inputs.mask(index) { moved = moved.filled(0, where: .!mask.unsqueezed(2)) }
      if let present = inputs.isPresent(index) {
        let axes = x.builder.constant(Array(1...modality.sampleShape.count))
        moved = moved.filled(0, where: .!present.node("Unsqueeze", axes))
      }
      result.values[index] = moved
    }
    return result
  }
}
