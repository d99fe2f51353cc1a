import Torch

/// A method attached to a model: it may change what passes from one stage to the next.
///
/// Every stage function has a default that changes nothing, so a method implements only the stages at which it acts.
/// A method's parameters are those of its own module; an adapter folder holds them apart from the backbone's.
///
/// ```swift
/// final class Bias: Module, Attachment {
///   @Parameter var value: Tensor
///
///   init(width: Int) {
///     super.init()
///     value = .zeros([width])
///   }
///
///   var stages: Stages { [] }
///
///   func represented(_ representation: Tensor, _ context: ForwardContext) -> Tensor { representation + value }
/// }
/// ```
public protocol Attachment: Module {
  /// The places at which the method acts or reads, of those that a model can skip.
  var stages: Stages { get }
  /// True if the method handles samples that lack some of their modalities.
  var handlesMissingModalities: Bool { get }
  /// True if the method puts something in place of missing modalities, so that methods after it find all of them.
  var makesUpMissingModalities: Bool { get }
  /// How the method treats the steps of the sequences. ``Installation`` refuses pairs of methods that would miscount.
  var sequenceEffect: SequenceEffect { get }

  /// Changes the inputs before the backbone sees them; they are standardised, and missing modalities are zero.
  func prepare(_ inputs: Inputs) -> Inputs
  /// Changes the sequences between embed and encode.
  func embedded(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens]
  /// Changes the sequences after a layer of the modalities' own encoders, counted from 0; needs
  /// ``Stages/encoderLayers``.
  func encoderLayer(_ layer: Int, _ tokens: [Tokens], _ context: ForwardContext) -> [Tokens]
  /// Changes the sequences between encode and fuse.
  func encoded(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens]
  /// Changes the modalities' parts of the joined sequence after a layer of the fusion encoder, counted from 0; needs
  /// ``Stages/fusionLayers``.
  func fusionLayer(_ layer: Int, _ tokens: [Tokens], _ context: ForwardContext) -> [Tokens]
  /// Changes the sequences between fuse and represent.
  func fused(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens]
  /// Changes the representation before the head reads it.
  func represented(_ representation: Tensor, _ context: ForwardContext) -> Tensor
  /// Further predictions of the task in training, `[B, outputs, …]`, each at half the resolution of the one before.
  ///
  /// ``MultimodalModel/Output/auxiliary`` has them, and the task's loss of a training step scores them too.
  func auxiliaryPredictions(_ context: ForwardContext) -> [Tensor]
}

extension Attachment {
  /// Default: between encode and fuse, and between fuse and represent.
  public var stages: Stages { [.encoded, .fused] }
  /// Default: the method handles complete samples only.
  public var handlesMissingModalities: Bool { false }
  /// Default: the method makes up no modality.
  public var makesUpMissingModalities: Bool { false }
  /// Default: the method takes sequences of any length and keeps their length.
  public var sequenceEffect: SequenceEffect { .none }
  /// Default: the same inputs.
  public func prepare(_ inputs: Inputs) -> Inputs { inputs }
  /// Default: the same sequences.
  public func embedded(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] { tokens }
  /// Default: the same sequences.
  public func encoderLayer(_ layer: Int, _ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] { tokens }
  /// Default: the same sequences.
  public func encoded(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] { tokens }
  /// Default: the same sequences.
  public func fusionLayer(_ layer: Int, _ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] { tokens }
  /// Default: the same sequences.
  public func fused(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] { tokens }
  /// Default: the same representation.
  public func represented(_ representation: Tensor, _ context: ForwardContext) -> Tensor { representation }
  /// Default: none.
  public func auxiliaryPredictions(_ context: ForwardContext) -> [Tensor] { [] }
}

/// Places inside a forward pass at which a method can act, of those that a model can skip.
///
/// A model joins the stages between which no method acts: an encoder then computes only the steps that are read, and all
/// its layers at once. The inputs, the embedded sequences and the representation are there in every pass, so they have no
/// member here.
public struct Stages: OptionSet, Sendable {
  /// One bit for each place.
  public let rawValue: Int

  /// A set from its bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// After each layer of the modalities' own encoders (``Attachment/encoderLayer(_:_:_:)``).
  public static let encoderLayers = Stages(rawValue: 1)
  /// Between encode and fuse (``Attachment/encoded(_:_:)``).
  public static let encoded = Stages(rawValue: 2)
  /// After each layer of the fusion encoder (``Attachment/fusionLayer(_:_:_:)``).
  public static let fusionLayers = Stages(rawValue: 4)
  /// Between fuse and represent (``Attachment/fused(_:_:)``), or reading ``ForwardContext/fused``.
  public static let fused = Stages(rawValue: 8)
}

/// How a method treats the steps of the modalities' sequences.
public enum SequenceEffect: Sendable {
  /// The method takes sequences of any length and keeps their length.
  case none
  /// The method has parameters for each step, counted from the first.
  case readsPositions
  /// The method adds steps behind the modalities' own.
  case appendsSteps
  /// The method puts steps in front of the modalities' own.
  case prependsSteps

  /// True if methods of this kind and another can act in one model.
  ///
  /// Steps in front change the count of all other steps, and steps behind can be put there once.
  func agrees(with other: SequenceEffect) -> Bool {
    switch (self, other) {
    case (.none, _), (_, .none), (.readsPositions, .readsPositions), (.readsPositions, .appendsSteps),
      (.appendsSteps, .readsPositions):
      true
    default: false
    }
  }
}
