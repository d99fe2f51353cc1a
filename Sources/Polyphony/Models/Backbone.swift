import Torch

/// A multimodal model as a chain of stages: embed → encode → fuse → represent → head.
///
/// The stages are functions, so that a method can act between two of them (``Attachment``) without a copy of the model.
/// Tensor names are those of the published implementations (see the file formats).
///
/// An own backbone implements the requirements without a default; registered with ``Architectures``, it works with every
/// recipe, method and file format. `Examples/GatedFusion.swift` is a whole one.
///
/// ```swift
/// final class MeanFusion: Module, Backbone {
///   var configuration: ModelConfiguration
///   @Child("proj") var projections: [Conv1d]
///   @Child("out_layer") var outputLayer: Linear
///
///   init(_ configuration: ModelConfiguration) {
///     self.configuration = configuration
///     super.init()
///     projections = configuration.projections()
///     outputLayer = Linear(configuration.width, configuration.task.outputs)
///   }
///
///   func embed(_ inputs: Inputs) -> [Tokens] { project(inputs, with: projections) }
///   func encode(_ embedded: [Tokens], afterLayer: LayerHook?) -> [Tokens] { embedded }
///   func fuse(_ encoded: [Tokens]) -> [Tokens] { [Tokens.joined(encoded)] }
///   func represent(_ fused: [Tokens]) -> Tensor { fused[0].pooled }
///   func headFeatures(_ representation: Tensor) -> Tensor { representation }
///
///   static let headPrefixes = ["out_layer"]
///   func encoderPrefixes(_ index: Int) -> [String] { ["proj.\(index)."] }
/// }
/// ```
public protocol Backbone: Module {
  /// Everything that determines the shapes.
  var configuration: ModelConfiguration { get set }

  // Stages

  /// Projects every modality to the model's width, `[B, L_m, width]` each.
  func embed(_ inputs: Inputs) -> [Tokens]

  /// Encodes every modality; `afterLayer` may change all of them after each layer.
  func encode(_ embedded: [Tokens], afterLayer: LayerHook?) -> [Tokens]

  /// Joins the modalities: the sequences that the representation is read from.
  func fuse(_ encoded: [Tokens]) -> [Tokens]

  /// Joins the modalities; `afterLayer` may change them after each layer of an encoder that reads all of them, whose
  /// sequence it gets in one part for each modality.
  ///
  /// A backbone without such an encoder never calls `afterLayer`.
  func fuse(_ encoded: [Tokens], afterLayer: LayerHook?) -> [Tokens]

  /// Reads one vector per sample out of the fused sequences, `[B, representationWidth]`.
  func represent(_ fused: [Tokens]) -> Tensor

  /// The input of the last linear layer, `[B, headWidth]`, or `[B, headWidth, h, w]` where every place of an image is
  /// classified.
  func headFeatures(_ representation: Tensor) -> Tensor

  /// The prediction `[B, outputs]` from ``headFeatures(_:)``: ``outputLayer``, and whatever linear map follows it
  /// (`[B, outputs, height, width]` for segmentation).
  func prediction(_ features: Tensor) -> Tensor

  /// The prediction from the representation, in one.
  func head(_ representation: Tensor) -> Tensor

  // Stages in one

  /// ``represent(_:)`` of ``fuse(_:)`` in one, for a pass in which no method acts between them: an encoder then need not
  /// compute steps that are not read.
  func represent(encoded: [Tokens]) -> Tensor

  /// ``represent(encoded:)`` of ``encode(_:afterLayer:)`` in one, for the same reason.
  func represent(embedded: [Tokens]) -> Tensor

  // Requirements of methods

  /// Features per step of the encoded modalities.
  var encodedWidth: Int { get }

  /// Methods that belong to the architecture itself: they act before those attached, and their parameters are the
  /// backbone's.
  var ownMethods: [any Attachment] { get }

  /// The pretrained encoders of raw inputs inside, by the names of their modalities.
  var inputEncoders: [String: any InputEncoder] { get }

  /// This backbone without the encoders of raw inputs around it.
  var core: any Backbone { get }

  /// The last linear layer of the head, whose gradient CGGM reads.
  var outputLayer: Linear { get }

  /// The place where prompts are appended; nil where the architecture takes none.
  var promptSite: PromptSite? { get }

  /// A small network that predicts the task from one modality's encoding, for CGGM; `layers` are those of its encoder.
  func makeClassifier(of modality: Int, layers: Int) -> any ModalityClassifier

  // Names of parts

  /// Keys of the head's parameters start with one of these and a dot; all other parameters are the body.
  static var headPrefixes: [String] { get }

  /// Keys that belong to modality `index` alone (projection and encoder) start with one of these; empty where
  /// the architecture has no separate encoders.
  func encoderPrefixes(_ index: Int) -> [String]

  /// Keys of the parameters with which ``embed(_:)`` projects the modalities start with one of these.
  var projectionPrefixes: [String] { get }

  /// Keys of the parts in which modalities meet before the head start with one of these.
  var fusionPrefixes: [String] { get }

  /// The name in a file of the tensor with this key, where the published implementations use another one.
  func fileKey(_ key: String) -> String
}

/// A function that changes the sequences of all modalities after layer `j` of their encoders.
public typealias LayerHook = (_ layer: Int, _ tokens: [Tokens]) -> [Tokens]

extension Backbone {
  /// Default: no encoder reads all modalities, and `afterLayer` is not called.
  public func fuse(_ encoded: [Tokens], afterLayer: LayerHook?) -> [Tokens] { fuse(encoded) }

  /// Default: ``outputLayer`` alone.
  public func prediction(_ features: Tensor) -> Tensor { outputLayer(features) }

  /// Default: ``headFeatures(_:)``, then ``prediction(_:)``.
  public func head(_ representation: Tensor) -> Tensor { prediction(headFeatures(representation)) }

  /// Default: stage by stage.
  public func represent(encoded: [Tokens]) -> Tensor { represent(fuse(encoded)) }

  /// Default: stage by stage.
  public func represent(embedded: [Tokens]) -> Tensor { represent(encoded: encode(embedded, afterLayer: nil)) }

  /// Default: the width of the model.
  public var encodedWidth: Int { configuration.width }

  /// Default: none. ``EncodedBackbone`` adds them to any backbone.
  public var inputEncoders: [String: any InputEncoder] { [:] }

  /// Default: the backbone itself.
  public var core: any Backbone { self }

  /// Default: the architecture has no methods of its own.
  public var ownMethods: [any Attachment] { [] }

  /// Default: behind the input of each modality's encoder; no site in a model of images.
  public var promptSite: PromptSite? {
    configuration.modalities.contains(where: \.isMapped) ? nil : PromptSite(.embedded, width: configuration.width)
  }

  /// Default: ``SequenceClassifier``.
  public func makeClassifier(of modality: Int, layers: Int) -> any ModalityClassifier {
    SequenceClassifier(
      width: encodedWidth, heads: configuration.heads, layers: layers, outputs: configuration.task.outputs,
      rates: configuration.dropout)
  }

  /// Default: `proj.`.
  public var projectionPrefixes: [String] { ["proj."] }

  /// Default: every key that belongs neither to the head nor to one modality alone.
  public var fusionPrefixes: [String] {
    let own = configuration.modalities.indices.flatMap { encoderPrefixes($0) }
    return parameters().map(\.key).filter { key in
      !Self.isHead(key) && !own.contains { key.hasPrefix($0) }
    }
  }

  /// Default: the key itself.
  public func fileKey(_ key: String) -> String { key }

  /// The map from this backbone's keys to the names in a file. Some published implementations use other names, and a
  /// file may have either.
  func naming(_ names: Set<String>) -> (String) -> String {
    let isPublished = storage().contains { names.contains(fileKey($0.key)) && fileKey($0.key) != $0.key }
    return { isPublished ? self.fileKey($0) : $0 }
  }
}

extension Backbone {
  /// True if a key belongs to the head.
  public static func isHead(_ key: String) -> Bool { headPrefixes.contains { key.hasPrefix($0 + ".") } }

  /// True if a key belongs to the projections of the modalities.
  public func isProjection(_ key: String) -> Bool { projectionPrefixes.contains { key.hasPrefix($0) } }

  /// The keys of ``outputLayer``.
  public var outputLayerKeys: Set<String> {
    let own = Set(outputLayer.storage().map { ObjectIdentifier($0.storage) })
    return Set(storage().filter { own.contains(ObjectIdentifier($0.storage)) }.map(\.key))
  }

  /// One sample of zeros, with the backbone's element type and on its device, to probe what the stages give.
  var zeroSample: Inputs {
    let like = parameters().first?.storage.tensor
    return Inputs(
      configuration.modalities.map {
        .zeros([1] + $0.sampleShape, dtype: like?.dtype ?? .float32, device: like?.device ?? .cpu)
      })
  }
}
