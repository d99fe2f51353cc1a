import Torch

/// The methods of test-time adaptation by name; a further one is one more line, here or from outside through
/// ``register(_:_:)``.
public enum AdaptationMethods {
  /// Makes a method from its settings (the section `adaptation` of a recipe) for models of a configuration.
  ///
  /// The settings that were read, with all defaults, are what an adapter folder keeps.
  public typealias Maker = @Sendable (SettingsReader, ModelConfiguration) throws(Fault) -> any AdaptationMethod

  private static let builtIn: [(name: String, make: Maker)] = [
    ("source", { (reader, _) throws(Fault) in try SourceModel(reader) }),
    ("norm", { (reader, _) throws(Fault) in try NormStatistics(reader) }),
    ("tent", { (reader, _) throws(Fault) in try Tent(reader) }),
    ("eata", { (reader, _) throws(Fault) in try EATA(reader) }),
    ("sar", { (reader, _) throws(Fault) in try SAR(reader) }),
    ("read", { (reader, _) throws(Fault) in try READ(reader) }),
    ("mean-teacher", { (reader, _) throws(Fault) in try MeanTeacher(reader) }),
    ("casp", { (reader, _) throws(Fault) in try CASP(.full, reader) }),
    ("casp-contrast", { (reader, _) throws(Fault) in try CASP(.contrast, reader) }),
    ("casp-pseudo", { (reader, _) throws(Fault) in try CASP(.pseudo, reader) }),
    ("casp-random", { (reader, _) throws(Fault) in try CASP(.random, reader) }),
  ]

  private static let added = Registry<Maker>()

  /// All names.
  public static var names: [String] { builtIn.map(\.name) + added.names }

  /// Adds a method from outside this library.
  public static func register(_ name: String, _ make: @escaping Maker) { added[name] = make }

  /// The maker of a name.
  /// - Throws: `Fault(.usage)` for an unknown name, with the nearest known one.
  public static func maker(_ name: String) throws(Fault) -> Maker {
    if let make = find(name) { return make }
    throw Fault(
      .usage, "unknown adaptation method", key: "--method", found: name, expected: names.joined(separator: ", "),
      remedy: Suggestion.question(for: name, among: names))
  }

  /// What puts an adapted model's tensors back from an adapter folder; nil for a name that is no adaptation method.
  static func restoration(_ name: String) -> TuningMethods.Maker? {
    guard let make = find(name) else { return nil }
    return { (reader, configuration) throws(Fault) in
      AdaptedTuning(name: name, tensors: try make(reader, configuration).tensors)
    }
  }

  private static func find(_ name: String) -> Maker? {
    builtIn.first { $0.name == name }?.make ?? added[name]
  }
}
