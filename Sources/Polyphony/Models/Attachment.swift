import Torch

/// A method attached to a model: it may change what passes from one stage to the next.
///
/// Every stage has a default that changes nothing, so that a method says only where it acts. Its own parameters are
/// those of this module and are saved apart from the backbone.
public protocol Attachment: Module {
  /// The stages after which the method acts; what lies between others may be computed in one.
  var stages: Stages { get }
  /// Whether a sample may come without some of its modalities.
  var handlesMissingModalities: Bool { get }
  /// Whether the method puts something in place of what is missing, so that whoever comes after it finds all modalities.
  var makesUpMissingModalities: Bool { get }
  /// Before the backbone sees anything: inputs are normalised, missing modalities are zero.
  func prepare(_ inputs: Inputs) -> Inputs
  /// Between embed and encode.
  func embedded(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens]
  /// After each encoder layer; nil where the method does not act there, so that whole encoders run as one.
  var layerHook: ((_ layer: Int, _ tokens: [Tokens], _ inputs: Inputs) -> [Tokens])? { get }
  /// Between encode and fuse.
  func encoded(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens]
  /// Just before fuse, when every method has acted on the sequences; for reading.
  func willFuse(_ tokens: [Tokens], _ inputs: Inputs)
  /// How the method stands to the steps of the sequences, for those that it shares a model with.
  var sequenceEffect: SequenceEffect { get }
  /// Between fuse and represent.
  func fused(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens]
  /// Between represent and head; the fused sequences are given for reading.
  func represented(_ representation: Tensor, _ fused: [Tokens], _ inputs: Inputs) -> Tensor
}

/// How a method stands to the steps of the modalities' sequences.
public enum SequenceEffect: Sendable {
  /// It takes sequences of any length, and leaves them as long as they are.
  case none
  /// It knows which step is which, counted from the first.
  case readsPositions
  /// It adds steps behind the modalities' own.
  case appendsSteps
  /// It puts steps in front of the modalities' own.
  case prependsSteps

  /// Whether methods of this kind and another can act in one model.
  ///
  /// Steps in front hide from all others which step is which, and steps behind can be put there once.
  func agrees(with other: SequenceEffect) -> Bool {
    switch (self, other) {
    case (.none, _), (_, .none), (.readsPositions, .readsPositions), (.readsPositions, .appendsSteps),
      (.appendsSteps, .readsPositions):
      true
    default: false
    }
  }
}

/// Places where a method can stand.
public struct Stages: OptionSet, Sendable {
  /// One bit a place.
  public let rawValue: Int

  /// From bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// Before embed.
  public static let prepare = Stages(rawValue: 1)
  /// Between embed and encode.
  public static let embedded = Stages(rawValue: 2)
  /// Between encoder layers.
  public static let layers = Stages(rawValue: 4)
  /// Between encode and fuse.
  public static let encoded = Stages(rawValue: 8)
  /// Between fuse and represent, or reading the fused sequences.
  public static let fused = Stages(rawValue: 16)
  /// Between represent and head.
  public static let represented = Stages(rawValue: 32)
  /// Everywhere.
  public static let all = Stages(rawValue: 63)
}

extension Attachment {
  /// Everywhere.
  public var stages: Stages { .all }
  /// No.
  public var handlesMissingModalities: Bool { false }
  /// No.
  public var makesUpMissingModalities: Bool { false }
  /// Unchanged.
  public func prepare(_ inputs: Inputs) -> Inputs { inputs }
  /// Unchanged.
  public func embedded(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens] { tokens }
  /// None.
  public var layerHook: ((_ layer: Int, _ tokens: [Tokens], _ inputs: Inputs) -> [Tokens])? { nil }
  /// Unchanged.
  public func encoded(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens] { tokens }
  /// Nothing.
  public func willFuse(_ tokens: [Tokens], _ inputs: Inputs) {}
  /// None.
  public var sequenceEffect: SequenceEffect { .none }
  /// Unchanged.
  public func fused(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens] { tokens }
  /// Unchanged.
  public func represented(_ representation: Tensor, _ fused: [Tokens], _ inputs: Inputs) -> Tensor { representation }
}
