import Torch

/// A backbone with the pretrained encoders of its raw inputs.
///
/// The stages are those of the inner backbone, which reads the encoders' states as sequences. Keys of an encoder begin
/// with `encoders.NAME.`, and all others are those of the inner backbone.
public final class EncodedBackbone<Inner: Backbone>: Module, Backbone {
  /// The backbone that reads the states.
  @Child("") public var inner: Inner
  @Child("encoders") private var modules: NamedModules
  /// The encoders by the names of their modalities.
  public let inputEncoders: [String: any InputEncoder]

  /// Puts encoders before a backbone whose configuration describes their states.
  public init(_ inner: Inner, encoders: [String: any InputEncoder]) {
    inputEncoders = encoders
    super.init()
    self.inner = inner
    modules = NamedModules()
    for modality in inner.configuration.modalities { modules[modality.name] = encoders[modality.name] }
  }

  /// Everything that determines the shapes.
  public var configuration: ModelConfiguration {
    get { inner.configuration }
    set { inner.configuration = newValue }
  }

  /// The inner backbone's own core.
  public var core: any Backbone { inner.core }

  /// The keys of a modality's own part in the inner backbone, and those of its encoder.
  public func encoderPrefixes(_ index: Int) -> [String] {
    let name = configuration.modalities[index].name
    return inner.encoderPrefixes(index) + (inputEncoders[name] == nil ? [] : ["encoders.\(name)."])
  }
}

// MARK: - The stages and parts of the inner backbone

extension EncodedBackbone {
  /// Projects every modality to the model's width.
  public func embed(_ inputs: Inputs) -> [Tokens] { inner.embed(inputs) }

  /// Encodes every modality.
  public func encode(_ embedded: [Tokens], afterLayer: LayerHook?) -> [Tokens] {
    inner.encode(embedded, afterLayer: afterLayer)
  }

  /// Joins the modalities.
  public func fuse(_ encoded: [Tokens]) -> [Tokens] { inner.fuse(encoded) }

  /// Joins the modalities with a function after each layer.
  public func fuse(_ encoded: [Tokens], afterLayer: LayerHook?) -> [Tokens] {
    inner.fuse(encoded, afterLayer: afterLayer)
  }

  /// Reads the representation.
  public func represent(_ fused: [Tokens]) -> Tensor { inner.represent(fused) }

  /// Joins and reads in one.
  public func represent(encoded: [Tokens]) -> Tensor { inner.represent(encoded: encoded) }

  /// Encodes, joins and reads in one.
  public func represent(embedded: [Tokens]) -> Tensor { inner.represent(embedded: embedded) }

  /// The input of the last linear layer.
  public func headFeatures(_ representation: Tensor) -> Tensor { inner.headFeatures(representation) }

  /// The prediction from the input of the last linear layer.
  public func prediction(_ features: Tensor) -> Tensor { inner.prediction(features) }

  /// The prediction from the representation.
  public func head(_ representation: Tensor) -> Tensor { inner.head(representation) }

  /// Features per step of the encoded modalities.
  public var encodedWidth: Int { inner.encodedWidth }

  /// Methods that belong to the architecture.
  public var ownMethods: [any Attachment] { inner.ownMethods }

  /// The last linear layer of the head.
  public var outputLayer: Linear { inner.outputLayer }

  /// The place where prompts are appended.
  public var promptSite: PromptSite? { inner.promptSite }

  /// A small network that predicts the task from one modality's encoding.
  public func makeClassifier(of modality: Int, layers: Int) -> any ModalityClassifier {
    inner.makeClassifier(of: modality, layers: layers)
  }

  /// Keys of the head's parameters start with one of these.
  public static var headPrefixes: [String] { Inner.headPrefixes }

  /// Keys of the projections start with one of these.
  public var projectionPrefixes: [String] { inner.projectionPrefixes }

  /// Keys of the parts in which modalities meet start with one of these.
  public var fusionPrefixes: [String] { inner.fusionPrefixes }

  /// The name in a file of the tensor with this key.
  public func fileKey(_ key: String) -> String { inner.fileKey(key) }
}
