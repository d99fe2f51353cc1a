import Torch

/// The methods of test-time adaptation by name.
///
/// A new built-in method needs one more line here. A client adds its own with ``register(_:_:)``.
///
/// ```swift
/// AdaptationMethods.register("our-tent") { (reader, _) throws(Fault) in try Tent(reader) }
/// let life = try AdaptLife(model: "runs/base/model", data: "target", methods: ["tent", "our-tent"])
/// ```
public enum AdaptationMethods {
  /// Makes a method from its settings (the section `adaptation` of a recipe) for models of a configuration.
  ///
  /// An adapter folder keeps the settings, with every default filled in.
  public typealias Maker = @Sendable (SettingsReader, ModelConfiguration) throws(Fault) -> any AdaptationMethod

  /// The name of the choice among several methods, which is no method itself.
  static let choice = "auto"

  private static let registry = Registry<Maker>([
    ("source", { (reader, _) throws(Fault) in try SourceModel(reader) }),
    ("inputs", { (reader, configuration) throws(Fault) in try InputAlignment(reader, configuration) }),
    ("ssa", { (reader, _) throws(Fault) in try SubspaceAlignment(reader) }),
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
  ])

  /// The names of all methods.
  public static var names: [String] { registry.names }

  /// Adds a method from outside this library.
  public static func register(_ name: String, _ make: @escaping Maker) { registry[name] = make }

  /// The maker of the method with this name.
  /// - Throws: `Fault(.usage)` for an unknown name, with the nearest known one.
  public static func maker(_ name: String) throws(Fault) -> Maker {
    try registry.value(name, "unknown adaptation method", key: "--method")
  }

  /// True for a method of this library.
  static func isBuiltIn(_ name: String) -> Bool { registry.isBuiltIn(name) }

  /// True for a method of this library or a registered one.
  static func isKnown(_ name: String) -> Bool { registry[name] != nil }

  /// Makes tuning methods of the same tensors, which restore them from an adapter folder or train them with labels.
  static func restoring(_ make: @escaping Maker) -> TuningMethods.Maker {
    { (reader, configuration) throws(Fault) in AdaptedTuning.wrapping(try make(reader, configuration)) }
  }
}
