import Torch

/// The context of a forward pass: what a method reads besides the values that it may change.
///
/// ``MultimodalModel`` makes one context for each pass and hands it to every stage function of every ``Attachment``.
/// Later stages find in it what earlier stages gave, so that a method need not remember anything from one call to the
/// next. This method adds to the representation the mean of all encoded steps:
///
/// ```swift
/// func represented(_ representation: Tensor, _ context: ForwardContext) -> Tensor {
///   representation + Tokens.joined(context.encoded).pooled
/// }
/// ```
public struct ForwardContext {
  /// The samples, standardised, with zeros where a modality is missing.
  ///
  /// A method that does not handle missing modalities finds no presence here once another method has made them up.
  public private(set) var inputs: Inputs
  /// The modalities' sequences after every method has changed them, as `fuse` gets them.
  ///
  /// The array is empty until then. A pass that no method interrupts between embedding and representation leaves it empty.
  public internal(set) var encoded: [Tokens] = []
  /// The sequences that the representation was read from.
  ///
  /// The array is empty until then, and where no method asks for ``Stages/fused`` or ``Stages/fusionLayers``.
  public internal(set) var fused: [Tokens] = []

  /// True if a method has made up what was missing.
  var isCompleted = false

  /// A context at the beginning of a pass.
  public init(_ inputs: Inputs) { self.inputs = inputs }

  /// True if the samples have each modality, `[B]` (bool) by modality; nil where all samples have it.
  public var presence: [Tensor?] { inputs.modalities.indices.map { inputs.isPresent($0) } }

  /// The context for one method: modalities that another method has made up count as present.
  func seen(by method: any Attachment) -> ForwardContext {
    guard isCompleted, !method.handlesMissingModalities else { return self }
    var context = self
    context.inputs.presence = nil
    return context
  }
}
