import Polyphony
import PolyphonySupport

/// A multimodal model in a graph: a backbone, and the methods that act between its stages.
struct GraphModel {
  let configuration: ModelConfiguration
  let backbone: any GraphBackbone
  let methods: [any GraphMethod]

  /// The parts of a model in a graph.
  /// - Throws: `Fault(.usage)` for a backbone or a method that has no form in ONNX.
  init(_ model: MultimodalModel, _ builder: GraphBuilder) throws(Fault) {
    configuration = model.configuration
    let parameters = GraphParameters(of: model, builder)
    var methods: [any GraphMethod] = []
    for attachment in model.backbone.ownMethods {
      methods.append(try Self.method(attachment, parameters, model.backbone))
    }
    for (index, attachment) in model.attachments.enumerated() {
      let own = parameters.at(GraphParameters.prefix(ofAttachment: index))
      methods.append(try Self.method(attachment, own, model.backbone))
    }
    self.methods = methods
    backbone = try Self.backbone(model.backbone, parameters, methods)
  }

  /// The results of a pass.
  struct Output {
    /// ŷ, `[B, outputs]`, or `[B, classes, height, width]`.
    let prediction: GraphTensor
    /// r, `[B, width']`.
    let representation: GraphTensor
  }

  /// Passes inputs through all stages.
  func callAsFunction(_ given: GraphInputs) -> Output {
    let needsEveryStep = methods.contains(where: \.needsEveryStep)
    let whole = needsEveryStep ? given.padded(to: configuration) : given
    let inputs = methods.reduce(whole.standardized(by: configuration)) { $1.prepare($0) }
    var context = GraphContext(inputs)
    var tokens = methods.reduce(backbone.embed(inputs)) { $1.embedded($0, context) }
    context.isCompleted = methods.contains(where: \.makesUpMissing)
    tokens = backbone.encode(tokens) { layer, tokens in
      methods.reduce(tokens) { $1.encoderLayer(layer, $0, context.seen(by: $1)) }
    }
    context.encoded = methods.reduce(tokens) { $1.encoded($0, context.seen(by: $1)) }
    let fused = backbone.fuse(context.encoded) { layer, tokens in
      methods.reduce(tokens) { $1.fusionLayer(layer, $0, context.seen(by: $1)) }
    }
    context.fused = methods.reduce(fused) { $1.fused($0, context.seen(by: $1)) }
    let representation = methods.reduce(backbone.represent(context.fused)) {
      $1.represented($0, context.seen(by: $1))
    }
    return Output(
      prediction: backbone.prediction(backbone.headFeatures(representation)),
      representation: backbone.pooled(representation))
  }

  private static func backbone(
    _ backbone: any Backbone, _ parameters: GraphParameters, _ methods: [any GraphMethod]
  ) throws(Fault) -> any GraphBackbone {
    let configuration = backbone.configuration
    let modalities = configuration.modalities
    func encoder(_ key: String, causal: Bool = false) -> GraphEncoder {
      GraphEncoder(parameters: parameters.at(key), heads: configuration.heads, causal: causal, methods: methods)
    }
    let encoders = modalities.indices.map { encoder("encoders.\($0)") }
    switch backbone {
    case is LateFusion: return LateFusionGraph(parameters: parameters, encoders: encoders)
    case is EarlyFusion:
      return EarlyFusionGraph(parameters: parameters, modalities: modalities.count, fusion: encoder("fusion"))
    case is EncoderFusion:
      return EncoderFusionGraph(parameters: parameters, encoders: encoders, fusion: encoder("fusion"))
    case is CrossModal, is PromptedCrossModal:
      return CrossModalGraph(
        parameters: parameters, names: modalities.map(\.name),
        newestFirst: Set(modalities.filter { $0.order == .newestFirst }.map(\.name))
      ) {
        encoder($0, causal: configuration.causal ?? false)
      }
    case let network as DeepLabV3Plus:
      return DeepLabV3PlusGraph(
        parameters: parameters, images: modalities.count, methods: methods, imageSize: network.imageSize)
    case is UNet: return UNetGraph(parameters: parameters, images: modalities.count, methods: methods)
    default:
      throw Fault(
        .usage, "this architecture has no form in ONNX", key: "--format", found: configuration.architecture,
        expected: "late_fusion, early_fusion, encoder_fusion, mult, prompted_mult, deeplab_v3plus or unet",
        remedy: "use --format huggingface, which holds the configuration and the weights of any model")
    }
  }

  private static func method(
    _ attachment: any Attachment, _ own: GraphParameters, _ backbone: any Backbone
  ) throws(Fault) -> any GraphMethod {
    let names = backbone.configuration.modalities.map(\.name)
    switch attachment {
    // These change tensors of the base, and the initialisers have the changed values.
    case is any MergeableTuning: return MergedGraph()
    case is BottleneckTuning, is Compacter: return BottleneckGraph(parameters: own)
    case is PrefixTuning: return PrefixGraph(parameters: own)
    case let prompt as PromptTuning:
      return PromptTuningGraph(parameters: own.at("prompts"), names: names, readsJoined: prompt.stages == .fused)
    case let fusion as FusionTuning: return FusionTuningGraph(method: fusion, sites: own.at("sites"))
    case let prompts as MissingModalityPrompts: return MissingModalityPromptsGraph(prompts, own, of: backbone)
    case let prompts as MapPrompts: return MapPromptsGraph(parameters: own, settings: prompts.settings, names: names)
    case is SharedSpecific: return SharedSpecificGraph(parameters: own, names: names)
    case is MissingAwarePrompts:
      return MissingAwarePromptsGraph(parameters: own, isBeforeEncoding: backbone.promptSite?.stage == .embedded)
    case is Reconstruction: return ReconstructionGraph(parameters: own)
    case let retrieval as Retrieval:
      return RetrievalGraph(
        parameters: own, names: names, neighbours: retrieval.neighbours, length: retrieval.length)
    case is MeanFill: return MeanFillGraph(parameters: own, names: names)
    case is ZeroFill: return ZeroFillGraph()
    case is InputMap: return InputMapGraph(parameters: own, modalities: backbone.configuration.modalities)
    default:
      throw Fault(
        .usage, "this adapter's method has no form in ONNX", key: "--adapter", found: "\(type(of: attachment))",
        expected: "methods that come with Polyphony",
        remedy: "export the base alone, or tune it with one of these methods")
    }
  }
}

/// A method that acts through the tensors of the base alone.
struct MergedGraph: GraphMethod {}
