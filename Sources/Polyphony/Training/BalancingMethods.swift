import Torch

/// The balancing strategies by name; a further one is one more line, here or from outside through ``register(_:_:)``.
public enum BalancingMethods {
  /// Makes a strategy from its settings (the section `balance` of a recipe) for a model.
  public typealias Maker = @Sendable (SettingsReader, MultimodalModel) throws(Fault) -> any BalancingStrategy

  private static let builtIn: [(name: String, make: Maker)] = [
    ("joint", { (_, _) throws(Fault) in JointTraining() })
  ]

  private static let added = Registry<Maker>()

  /// All names.
  public static var names: [String] { builtIn.map(\.name) + added.names }

  /// Adds a strategy from outside this library.
  public static func register(_ name: String, _ make: @escaping Maker) { added[name] = make }

  /// The maker of a name.
  /// - Throws: `Fault(.usage)` for an unknown name, with the nearest known one.
  public static func maker(_ name: String) throws(Fault) -> Maker {
    if let make = builtIn.first(where: { $0.name == name })?.make ?? added[name] { return make }
    throw Fault(
      .usage, "unknown balancing strategy", key: "--balance", found: name, expected: names.joined(separator: ", "),
      remedy: Suggestion.question(for: name, among: names))
  }
}
