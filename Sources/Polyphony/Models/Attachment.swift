import Torch

/// A method attached to a model: it may change what passes from one stage to the next.
///
/// Every stage has a default that changes nothing, so that a method says only where it acts. Its own parameters are
/// those of this module and are saved apart from the backbone.
public protocol Attachment: Module {
  /// Before the backbone sees anything: inputs are normalised, missing modalities are zero.
  func prepare(_ inputs: Inputs) -> Inputs
  /// Between embed and encode.
  func embedded(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens]
  /// After each encoder layer; nil where the method does not act there, so that whole encoders run as one.
  var layerHook: ((_ layer: Int, _ tokens: [Tokens], _ inputs: Inputs) -> [Tokens])? { get }
  /// Between encode and fuse.
  func encoded(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens]
  /// Between fuse and represent.
  func fused(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens]
  /// Between represent and head; the fused sequences are given for reading.
  func represented(_ representation: Tensor, _ fused: [Tokens], _ inputs: Inputs) -> Tensor
}

extension Attachment {
  /// Unchanged.
  public func prepare(_ inputs: Inputs) -> Inputs { inputs }
  /// Unchanged.
  public func embedded(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens] { tokens }
  /// None.
  public var layerHook: ((_ layer: Int, _ tokens: [Tokens], _ inputs: Inputs) -> [Tokens])? { nil }
  /// Unchanged.
  public func encoded(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens] { tokens }
  /// Unchanged.
  public func fused(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens] { tokens }
  /// Unchanged.
  public func represented(_ representation: Tensor, _ fused: [Tokens], _ inputs: Inputs) -> Tensor { representation }
}
