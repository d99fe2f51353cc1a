import Polyphony
import Torch

/// A balancing rule of one's own: every modality's encoder gets a gradient of the same size.
///
/// After backward g_m, the gradient of all parameters that belong to modality m alone, becomes
/// g_m · (ḡ / ‖g_m‖)^strength with ḡ the mean of the norms: 0 leaves joint training as it is, 1 makes all norms equal.
public final class EqualizedGradients: StepHook {
  private let names: [String]
  private let strength: Double
  private var factors: [Double]

  /// Makes `equalized` known to `--balance` and to the section `balance` of recipes.
  public static func register() {
    BalancingMethods.register("equalized") { (reader, model) throws(Fault) in
      try reader.section("equalized") { (section) throws(Fault) in try EqualizedGradients(section, model) }
    }
  }

  /// Reads `strength` (1).
  /// - Throws: `Fault(.usage)` for a strength outside 0…1.
  public init(_ reader: SettingsReader, _ model: MultimodalModel) throws(Fault) {
    names = model.configuration.modalities.map(\.name)
    strength = try reader.double("strength", default: 1, in: 0...1)
    factors = names.map { _ in 1 }
  }

  /// A group of parameters per modality, and one for what they share.
  public func groups(_ model: MultimodalModel, _ settings: TrainingSettings) -> [ParameterGroup]? {
    let parameters = model.trainableParameters()
    let owners = parameters.map { parameter in
      names.indices.first { index in
        model.backbone.encoderPrefixes(index).contains { parameter.key.hasPrefix($0) }
      }
    }
    func group(_ name: String, _ owner: Int?) -> ParameterGroup {
      let members = zip(parameters, owners).filter { $1 == owner }.map(\.0)
      return ParameterGroup(name, members, learningRate: settings.learningRate, weightDecay: settings.weightDecay)
    }
    return [group("shared", nil)] + names.indices.map { group(names[$0], $0) }
  }

  /// Scales the gradients of the modalities' groups.
  public func adjustGradients(_ step: TrainingStep) {
    let gradients = step.optimizer.groups.dropFirst().map(\.parameters.gradients)
    let norms = gradients.map { $0.norm().item }
    let mean = norms.reduce(0, +) / Double(norms.count)
    for (index, (gradient, norm)) in zip(gradients, norms).enumerated() where norm > 0 {
      factors[index] = power(mean / norm, strength)
      gradient.multiplyInPlace(factors[index])
    }
  }

  /// `factor/NAME`, of the epoch's last step.
  public func metrics() -> [(name: String, value: Double)] { zip(names, factors).map { ("factor/\($0)", $1) } }

  private func power(_ base: Double, _ exponent: Double) -> Double { Tensor([base]).pow(exponent).item }
}
