import Torch

extension ParameterGroup {
  /// Makes a group of parameters, and one more of those in pretrained encoders, which learn at their own rate.
  static func make(
    _ name: String, _ members: [(key: String, storage: StoredTensor)], of backbone: any Backbone,
    _ settings: TrainingSettings
  ) -> [ParameterGroup] {
    let prefixes = backbone.inputEncoders.keys.map { "encoders.\($0)." }
    let isPretrained = members.map { member in prefixes.contains { member.key.hasPrefix($0) } }
    func group(_ name: String, _ pretrained: Bool, rate: Double) -> ParameterGroup {
      ParameterGroup(
        name, zip(members, isPretrained).filter { $1 == pretrained }.map(\.0), learningRate: rate,
        weightDecay: settings.weightDecay)
    }
    return [group(name, false, rate: settings.learningRate)]
      + (isPretrained.contains(true) ? [group("\(name).pretrained", true, rate: settings.encoderRate)] : [])
  }
}
