import Torch

/// `prompted_mult`: a cross-modal model and its prompts for missing modalities in one (MPLMM, arXiv 2407.05374).
///
/// The model is ``CrossModal``, the prompts are ``MissingModalityPrompts`` in the published form. With the modalities text,
/// audio and vision a folder has the published tensor names.
public final class PromptedCrossModal: Module, Backbone {
  @Child("") var base: CrossModal
  /// The prompts.
  @Child("") public private(set) var prompts: MissingModalityPrompts

  /// A model with random starting values.
  /// - Throws: `Fault(.usage)` for modalities that prompts cannot serve.
  public init(_ configuration: ModelConfiguration) throws(Fault) {
    super.init()
    base = CrossModal(configuration, alwaysProjects: true)
    var settings = PromptSettings()
    settings.length = configuration.promptLength ?? settings.length
    prompts = try MissingModalityPrompts(
      configuration, site: try PromptSite(in: base, method: "prompted_mult"), form: .published, settings)
  }

  /// Everything that determines the shapes.
  public var configuration: ModelConfiguration {
    get { base.configuration }
    set { base.configuration = newValue }
  }

  /// The prompts.
  public var ownMethods: [any Attachment] { [prompts] }

  /// As `mult`.
  public func embed(_ inputs: Inputs) -> [Tokens] { base.embed(inputs) }

  /// As `mult`.
  public func encode(_ embedded: [Tokens], afterLayer: LayerHook?) -> [Tokens] {
    base.encode(embedded, afterLayer: afterLayer)
  }

  /// As `mult`.
  public func fuse(_ encoded: [Tokens]) -> [Tokens] { base.fuse(encoded) }

  /// As `mult`.
  public func represent(_ fused: [Tokens]) -> Tensor { base.represent(fused) }

  /// As `mult`.
  public func represent(encoded: [Tokens]) -> Tensor { base.represent(encoded: encoded) }

  /// As `mult`.
  public func headFeatures(_ representation: Tensor) -> Tensor { base.headFeatures(representation) }

  /// As `mult`.
  public var encodedWidth: Int { base.encodedWidth }

  /// The last layer.
  public var outputLayer: Linear { base.outputLayer }

  /// As `mult`.
  public static let headPrefixes = CrossModal.headPrefixes

  /// As `mult`.
  public func encoderPrefixes(_ index: Int) -> [String] { base.encoderPrefixes(index) }

  /// As `mult`.
  public var fusionPrefixes: [String] { base.fusionPrefixes }

  /// As `mult`.
  public var promptSite: PromptSite? { base.promptSite }

  /// The published names for text, audio and vision.
  public func fileKey(_ key: String) -> String {
    PublishedPromptNames.name(key, modalities: configuration.modalities.map(\.name)) ?? base.fileKey(key)
  }

  /// True if a key belongs to the prompts.
  func isPrompt(_ key: String) -> Bool { promptKeys.contains(key) }

  private lazy var promptKeys = Set(prompts.storage().map(\.key))
}
