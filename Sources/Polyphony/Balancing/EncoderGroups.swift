import Torch

/// The parameters of a model in groups: the shared ones, then each modality's projection and encoder.
///
/// The gradients of a group are one block of memory, so one operator scales all gradients of a modality.
enum EncoderGroups {
  /// The groups `shared`, `encoder.NAME` for each modality in order, and `strategy` for extra parameters. The parameters
  /// of a pretrained encoder inside the model are a further group `encoder.NAME.pretrained`.
  static func make(
    _ model: MultimodalModel, _ settings: TrainingSettings,
    extra: [(key: String, storage: StoredTensor)] = []
  ) -> [ParameterGroup] {
    let parameters = model.trainableParameters()
    func group(_ name: String, _ members: [(key: String, storage: StoredTensor)]) -> [ParameterGroup] {
      ParameterGroup.make(name, members, of: model.backbone, settings)
    }
    let owners = parameters.map { owner($0.key, model.backbone) }
    func members(_ index: Int?) -> [(key: String, storage: StoredTensor)] {
      zip(parameters, owners).filter { $1 == index }.map(\.0)
    }
    var groups = group("shared", members(nil))
    for (index, modality) in model.configuration.modalities.enumerated() {
      groups += group("encoder.\(modality.name)", members(index))
    }
    if !extra.isEmpty { groups += group("strategy", extra) }
    return groups
  }

  /// The groups of a modality in an optimiser over the groups of ``make(_:_:extra:)``.
  static func encoder(_ name: String, of optimizer: any Optimizer) -> [ParameterGroup] {
    optimizer.groups.filter { $0.name == "encoder.\(name)" || $0.name == "encoder.\(name).pretrained" }
  }

  /// Multiplies the gradients of each modality by its factor.
  static func scaleGradients(of names: [String], by factors: [Double], in optimizer: any Optimizer) {
    noGrad {
      for (name, factor) in zip(names, factors) {
        for group in encoder(name, of: optimizer) { group.parameters.gradients.multiplyInPlace(factor) }
      }
    }
  }

  /// Multiplies the learning rate of each modality by its factor. The loop sets the rates again before each step.
  static func scaleRates(of names: [String], by factors: [Double], in optimizer: any Optimizer) {
    for (name, factor) in zip(names, factors) {
      for group in encoder(name, of: optimizer) { group.learningRate *= factor }
    }
  }

  /// Checks that every modality has parameters of its own, which a method can scale.
  /// - Throws: `Fault(.usage)` with a modality that has none.
  static func check(_ model: MultimodalModel, for method: String) throws(Fault) {
    let keys = model.backbone.parameters().map(\.key)
    for (index, modality) in model.configuration.modalities.enumerated() {
      let prefixes = model.backbone.encoderPrefixes(index)
      if keys.contains(where: { key in prefixes.contains { key.hasPrefix($0) } }) { continue }
      // `mult` has no projection for features as wide as the model, and no cross encoder for a single modality.
      throw Fault(
        .usage, "the method scales each modality's own parameters, and one has none", key: method,
        found: "\(modality.name) in \(model.configuration.architecture)",
        expected: "an encoder or a projection per modality",
        remedy: "choose an architecture with encoders, such as encoder_fusion")
    }
  }

  private static func owner(_ key: String, _ backbone: any Backbone) -> Int? {
    backbone.configuration.modalities.indices.first { index in
      backbone.encoderPrefixes(index).contains { key.hasPrefix($0) }
    }
  }
}
