/// A method of an adapter in a graph. Each function changes what passes at one place, and by default changes nothing.
///
/// The functions are those of `Attachment` and `EncoderLayerAdapter`.
protocol GraphMethod {
  /// True if the method serves samples that lack modalities.
  var handlesMissing: Bool { get }
  /// True if the method puts something in place of missing modalities.
  var makesUpMissing: Bool { get }
  /// True if the method needs every step of the model, and not only those that a caller gives.
  var needsEveryStep: Bool { get }

  func prepare(_ inputs: GraphInputs) -> GraphInputs
  func embedded(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens]
  func encoderLayer(_ layer: Int, _ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens]
  func encoded(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens]
  func fusionLayer(_ layer: Int, _ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens]
  func fused(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens]
  func represented(_ representation: GraphTensor, _ context: GraphContext) -> GraphTensor

  /// Changes the output of attention in the encoder layer with a key, before it joins the residual stream.
  func attention(_ output: GraphTensor, in layer: String) -> GraphTensor
  /// Changes the output of the feed-forward part in the encoder layer with a key.
  func feedForward(_ output: GraphTensor, in layer: String) -> GraphTensor
  /// Changes the map of the block of convolutions with a key.
  func block(_ output: GraphTensor, in key: String) -> GraphTensor
  /// Keys and values `[P, width]` that every query attends to besides the sequence's own.
  func prefix(in layer: String) -> (keys: GraphTensor, values: GraphTensor)?
}

extension GraphMethod {
  var handlesMissing: Bool { false }
  var makesUpMissing: Bool { false }
  var needsEveryStep: Bool { false }

  func prepare(_ inputs: GraphInputs) -> GraphInputs { inputs }
  func embedded(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] { tokens }
  func encoderLayer(_ layer: Int, _ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] { tokens }
  func encoded(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] { tokens }
  func fusionLayer(_ layer: Int, _ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] { tokens }
  func fused(_ tokens: [GraphTokens], _ context: GraphContext) -> [GraphTokens] { tokens }
  func represented(_ representation: GraphTensor, _ context: GraphContext) -> GraphTensor { representation }

  func attention(_ output: GraphTensor, in layer: String) -> GraphTensor { output }
  func feedForward(_ output: GraphTensor, in layer: String) -> GraphTensor { output }
  func block(_ output: GraphTensor, in key: String) -> GraphTensor { output }
  func prefix(in layer: String) -> (keys: GraphTensor, values: GraphTensor)? { nil }
}

/// What a method reads besides the values that it may change.
struct GraphContext {
  /// The inputs, standardised, with zeros where a modality is missing.
  var inputs: GraphInputs
  /// The modalities' sequences as `fuse` gets them.
  var encoded: [GraphTokens] = []
  /// The sequences that the representation is read from.
  var fused: [GraphTokens] = []
  /// True if a method has made up what was missing.
  var isCompleted = false

  init(_ inputs: GraphInputs) { self.inputs = inputs }

  /// True for the samples that have each modality, `[B]` by modality; nil where all have it.
  var presence: [GraphTensor?] { inputs.values.indices.map { inputs.isPresent($0) } }

  /// The context for one method: modalities that another method has made up count as present.
  func seen(by method: any GraphMethod) -> GraphContext {
    guard isCompleted, !method.handlesMissing else { return self }
    var context = self
    context.inputs.presence = nil
    return context
  }
}
