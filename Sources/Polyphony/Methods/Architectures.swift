import Torch

/// The backbones by name.
///
/// A new built-in backbone needs one more line here. A client adds its own with ``register(_:_:)``.
///
/// ```swift
/// Architectures.register("wide_fusion") { (configuration) in
///   var wide = configuration
///   wide.width *= 2
///   return LateFusion(wide)
/// }
/// ```
public enum Architectures {
  /// Makes a backbone with random starting values.
  public typealias Maker = @Sendable (ModelConfiguration) throws(Fault) -> any Backbone

  private static let builtIn: [(name: String, make: Maker)] = [
    ("late_fusion", { LateFusion($0) }),
    ("early_fusion", { EarlyFusion($0) }),
    ("encoder_fusion", { EncoderFusion($0) }),
    ("mult", { CrossModal($0) }),
    (segmentation, { DeepLabV3Plus($0) }),
    ("prompted_mult", { (configuration) throws(Fault) in try PromptedCrossModal(configuration) }),
  ]

  /// The name of the backbone for images.
  private static let segmentation = "deeplab_v3plus"

  private static let added = Registry<Maker>()

  /// The names of all backbones.
  public static var names: [String] { builtIn.map(\.name) + added.names }

  /// Adds a backbone from outside this library.
  public static func register(_ name: String, _ make: @escaping Maker) { added[name] = make }

  /// Makes the backbone that a configuration describes.
  /// - Throws: `Fault(.usage)` for an unknown architecture or invalid sizes.
  public static func make(_ configuration: ModelConfiguration, file: String? = nil) throws(Fault) -> any Backbone {
    try configuration.validate(file: file)
    let name = configuration.architecture
    guard let make = builtIn.first(where: { $0.name == name })?.make ?? added[name] else {
      throw Fault(
        .usage, "unknown architecture", file: file, key: "model.architecture", found: name,
        expected: names.joined(separator: ", "), remedy: Suggestion.question(for: name, among: names))
    }
    if builtIn.contains(where: { $0.name == name }) {
      try configuration.checkKinds(images: name == segmentation, file: file)
    }
    return try make(configuration)
  }
}
