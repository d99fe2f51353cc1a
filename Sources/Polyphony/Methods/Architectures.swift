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

  private static let builtIn: [(name: String, value: Architecture)] = [
    ("late_fusion", Architecture { (configuration) throws(Fault) in LateFusion(configuration) }),
    ("early_fusion", Architecture { (configuration) throws(Fault) in EarlyFusion(configuration) }),
    ("encoder_fusion", Architecture { (configuration) throws(Fault) in EncoderFusion(configuration) }),
    ("mult", Architecture { (configuration) throws(Fault) in CrossModal(configuration) }),
    (
      "deeplab_v3plus",
      Architecture(maps: [.image]) { (configuration) throws(Fault) in DeepLabV3Plus(configuration) }
    ),
    (
      "unet",
      Architecture(maps: [.image, .volume], defaults: .unet) { (configuration) throws(Fault) in try UNet(configuration)
      }
    ),
    ("prompted_mult", Architecture { (configuration) throws(Fault) in try PromptedCrossModal(configuration) }),
  ]

  private static let registry = Registry(builtIn)

  /// The names of all backbones.
  public static var names: [String] { registry.names }

  /// Adds a backbone from outside this library.
  public static func register(_ name: String, _ make: @escaping Maker) {
    registry[name] = Architecture(make: make)
  }

  /// The recipe's defaults for a backbone. An unknown one has the general defaults.
  public static func defaults(of name: String) -> ArchitectureDefaults { registry[name]?.defaults ?? .init() }

  /// True for a backbone of this library.
  static func isBuiltIn(_ name: String) -> Bool { registry.isBuiltIn(name) }

  /// Makes the backbone that a configuration describes.
  /// - Throws: `Fault(.usage)` for an unknown architecture or invalid sizes.
  public static func make(_ configuration: ModelConfiguration, file: String? = nil) throws(Fault) -> any Backbone {
    try configuration.validate(file: file)
    let name = configuration.architecture
    let architecture = try registry.value(name, "unknown architecture", key: "model.architecture", file: file)
    if registry.isBuiltIn(name) {
      try configuration.checkKinds(maps: architecture.maps, file: file)
    }
    let backbone = try architecture.make(configuration)
    guard let encoders = configuration.encoders, !encoders.isEmpty else { return backbone }
    return encoded(backbone, try InputEncoders.make(configuration, file: file))
  }

  private static func encoded(_ inner: some Backbone, _ encoders: [String: any InputEncoder]) -> any Backbone {
    EncodedBackbone(inner, encoders: encoders)
  }

  /// Compares a file of weights with the tensors that a configuration asks for, before any of them is made.
  ///
  /// A file of weights bounds what a configuration can ask for. So a small folder cannot make a huge model. A backbone
  /// from outside this library is not compared, because its initialiser may read elements of its tensors.
  /// - Throws: `Fault(.usage)` for a configuration that cannot be built, `Fault(.badData)` for other names or shapes.
  static func check(
    _ configuration: ModelConfiguration, fits weights: SafetensorsFile, file: String? = nil
  ) throws(Fault) {
    try configuration.validate(file: file)
    guard isBuiltIn(configuration.architecture) else { return }
    // Every layer and every modality has a tensor at least.
    let counts = [
      ("layers", configuration.layers), ("memory_layers", configuration.memoryLayers ?? 1),
      ("modalities", configuration.modalities.count),
    ]
    for (key, count) in counts where count > weights.entries.count {
      throw Fault(
        .badData, "the model's configuration does not fit its weights", file: file, key: "model.\(key)",
        found: "\(count)", expected: "at most the \(weights.entries.count) tensors of \(weights.path)")
    }
    let backbone = try AbstractTensors.make { () throws(Fault) in try make(configuration, file: file) }
    try backbone.check(weights, rename: backbone.naming(Set(weights.entries.map(\.name))))
  }
}
