/// Zeros in place of missing modalities, which every backbone gets.
struct ZeroFillGraph: GraphMethod {
  var handlesMissing: Bool { true }
}

/// The training mean of each step and feature in place of a missing modality.
struct MeanFillGraph: GraphMethod {
  let parameters: GraphParameters
  let names: [String]

  var handlesMissing: Bool { true }
  var makesUpMissing: Bool { true }
  var needsEveryStep: Bool { true }

  func prepare(_ inputs: GraphInputs) -> GraphInputs {
    var result = inputs
    for (index, name) in names.enumerated() {
      guard let present = inputs.isPresent(index) else { continue }
      let mean = "mean.\(name).value"
      let axes = present.builder.constant(Array(1...parameters.shape(mean).count))
      result.values[index] = inputs.values[index]
        .selected(where: present.node("Unsqueeze", axes), otherwise: parameters[mean])
    }
    return result
  }
}
