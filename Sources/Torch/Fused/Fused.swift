import Foundation

/// Our own CPU kernels behind the layers; nil wherever libtorch's operators are to be used instead.
enum Fused {
  /// Off where the environment says `POLYPHONY_FUSED=0`.
  static let isEnabled = false

  static func dropout(_ x: Tensor, _ p: Double) -> Tensor? { nil }

  static func embed(_ x: Tensor, mask: Tensor?, scale: Double, dropout: Double) -> Tensor? { nil }

  static func encoderLayer(
    _ layer: TransformerEncoderLayer, _ x: Tensor, memory: Tensor?, mask: Tensor?, memoryMask: Tensor?
  ) -> Tensor? { nil }
}
