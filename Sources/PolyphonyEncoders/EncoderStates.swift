import Polyphony
import Torch

/// A way to make one vector of a sample's steps.
public enum Pooling: String, CaseIterable, Sendable {
  /// Keeps every step, `[batch, length, width]`.
  case none
  /// Takes the mean of the real steps, `[batch, width]`. A sample without any gets zeros.
  case mean
  /// Takes the first real step, `[batch, width]`. A sample without any gets zeros.
  case first
  /// Takes the encoder's own vector, `[batch, width]`, in families that were trained with one (``EncoderStates/embedding``).
  case embedding
}

/// The states of an encoder's layers for one batch.
///
/// Layer 0 is the input of the first layer. Layer −1, the last, is the encoder's output after its last norm, if it has
/// one: transformers' `last_hidden_state`. The others are transformers' `hidden_states`.
public struct EncoderStates {
  /// The number of layers; the states are numbered from 0 to this number.
  public let layerCount: Int
  /// The encoder's own vector of a sample, `[batch, …]`, in families that were trained with one: the projected embedding
  /// of CLIP, and the mean over all places of a convolutional network.
  public let embedding: Tensor?
  private let states: [Int: (rows: Tensor, layout: SequenceLayout)]

  init(_ states: [Int: (rows: Tensor, layout: SequenceLayout)], layerCount: Int, embedding: Tensor? = nil) {
    (self.states, self.layerCount, self.embedding) = (states, layerCount, embedding)
  }

  /// Returns the same states with another form of the embedding.
  func projected(_ projection: (Tensor) -> Tensor) -> EncoderStates {
    EncoderStates(states, layerCount: layerCount, embedding: embedding.map(projection))
  }

  /// Returns the states after a layer, `[batch, length, width]`. Padding is zero.
  ///
  /// A negative number counts from the end.
  /// - Throws: `Fault(.usage)` if there is no such layer, or if the encoder was asked for another one alone.
  public func hidden(_ layer: Int = -1) throws(Fault) -> Tensor {
    let (rows, layout) = try state(layer)
    return layout.padded(rows)
  }

  /// The places of real steps after a layer, `[batch, length]` of truth values. It is nil if there is no padding.
  /// - Throws: The errors of ``hidden(_:)``.
  public func mask(_ layer: Int = -1) throws(Fault) -> Tensor? { try state(layer).layout.mask }

  /// Returns the states after a layer, pooled over the steps.
  /// - Throws: The errors of ``hidden(_:)``, and `Fault(.usage)` for the embedding of an encoder without one.
  public func pooled(_ pooling: Pooling, layer: Int = -1) throws(Fault) -> Tensor {
    if pooling == .embedding {
      guard let embedding else {
        throw Fault(
          .usage, "this encoder has no vector of its own", key: "pooling", found: pooling.rawValue,
          expected: "none, mean or first")
      }
      return embedding
    }
    let hidden = try hidden(layer)
    guard pooling != .none else { return hidden }
    let mask = try mask(layer)
    switch pooling {
    case .mean:
      guard let mask else { return hidden.mean(1) }
      return hidden.sum(1) / mask.to(hidden.dtype).sum(1, keep: true).clamped(1, nil)
    default:
      guard let mask else { return hidden.select(1, 0) }
      let places = mask.to(.int64) * Tensor.range(1, mask.size(1) + 1, device: mask.device).flipped(0)
      return hidden.gathered(1, places.argmax(1).view(-1, 1, 1).expanded(-1, 1, hidden.size(2))).squeezed(1)
    }
  }

  /// Returns the number from 0 that a layer's number stands for. A negative number counts from the end.
  /// - Throws: `Fault(.usage)` if there is no such layer.
  static func place(of layer: Int, layerCount: Int) throws(Fault) -> Int {
    let place = layer < 0 ? layerCount + 1 + layer : layer
    guard (0...layerCount).contains(place) else {
      throw Fault(
        .usage, "the encoder has no such layer", key: "layer", found: "\(layer)",
        expected: "0 to \(layerCount), or \(-layerCount - 1) to −1 from the end")
    }
    return place
  }

  private func state(_ layer: Int) throws(Fault) -> (rows: Tensor, layout: SequenceLayout) {
    let place = try Self.place(of: layer, layerCount: layerCount)
    guard let state = states[place] else {
      throw Fault(
        .usage, "the states of this layer were not kept", key: "layer", found: "\(layer)",
        expected: states.keys.sorted().map(String.init).joined(separator: ", "))
    }
    return state
  }
}
