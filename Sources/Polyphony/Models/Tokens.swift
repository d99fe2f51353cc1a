import Torch

/// A sequence on its way through a model: features per step, and which steps are real.
public struct Tokens {
  /// `[B, L, width]`.
  public var values: Tensor
  /// `[B, L]` (bool), true for real steps; nil where all are.
  public var mask: Tensor?

  /// A sequence.
  public init(_ values: Tensor, mask: Tensor? = nil) { (self.values, self.mask) = (values, mask) }

  /// The number of steps, padding included.
  public var length: Int { values.size(1) }

  /// The first step of each sample, `[B, width]`.
  public var first: Tensor { values.select(1, 0) }

  /// The last real step of each sample, `[B, width]`.
  public var last: Tensor { Readout.last.steps(of: values, mask: mask).squeezed(1) }

  /// The sequences one after another in time.
  public static func joined(_ parts: [Tokens]) -> Tokens {
    Tokens(.concatenated(parts.map(\.values), 1), mask: joined(masks: parts))
  }

  private static func joined(masks parts: [Tokens]) -> Tensor? {
    guard parts.contains(where: { $0.mask != nil }) else { return nil }
    return .concatenated(
      parts.map { part in
        part.mask ?? .ones([part.values.size(0), part.length], dtype: .bool, device: part.values.device)
      }, 1)
  }
}
