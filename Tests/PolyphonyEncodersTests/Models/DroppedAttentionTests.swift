import Testing
import Torch

@testable import PolyphonyEncoders

/// Attention in training, which drops shares.
@Suite struct DroppedAttentionTests {
  /// Three samples of 4, 2 and 0 steps, side by side.
  private static var layout: SequenceLayout {
    SequenceLayout(
      batch: 3, length: 4, mask: Tensor([1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0], shape: [3, 4]).to(.bool))
  }

  private static func rows(_ seed: UInt64) -> Tensor {
    Tensor.normal([6, 8], generator: Generator(seed: seed)).to(.float64)
  }

  private static func attend(
    _ parts: [Tensor], dropout: Double, draw: UInt64 = 0, bias: Tensor? = nil, causal: Bool = false
  ) -> Tensor {
    DropoutStream.ofThread.withValue(DropoutStream(.init(seed: 7, offset: draw))) {
      layout.attention(
        parts[0], parts[1], parts[2], heads: 2, bias: bias, causal: causal, dropout: dropout, prefix: nil)
    }
  }

  /// The mean over many draws is attention without dropout, with masks, causality and numbers on the scores.
  @Test(arguments: [false, true]) func keepsTheMean(causal: Bool) {
    let parts = (1...3).map { Self.rows($0) }
    let bias = Tensor.normal([1, 2, 4, 4], generator: Generator(seed: 4)).to(.float64)
    let exact = Self.attend(parts, dropout: 0, bias: bias, causal: causal)
    let draws = (0..<3000).map { Self.attend(parts, dropout: 0.25, draw: $0, bias: bias, causal: causal) }
    expectClose(Tensor.stacked(draws).mean(0), exact, relative: 0.05, "mean")
    #expect(draws[0].floats != draws[1].floats)
  }

  @Test func oneDrawRepeats() {
    let parts = (1...3).map { Self.rows($0) }
    #expect(Self.attend(parts, dropout: 0.25).floats == Self.attend(parts, dropout: 0.25).floats)
  }

  /// The gradients are the slopes of the loss for a fixed draw. The sample without steps adds nothing, and no NaN.
  @Test(arguments: 0..<3) func gradientsAreSlopes(part: Int) {
    let parts = (1...3).map { Self.rows($0) }
    let weights = Self.rows(9)
    func loss(_ change: Tensor?) -> Tensor {
      var parts = parts
      if let change { parts[part] = parts[part] + change }
      return (Self.attend(parts, dropout: 0.25) * weights).sum()
    }
    let change = Tensor.zeros([6, 8], dtype: .float64).requiringGradient()
    loss(change).backward()
    let direction = Self.rows(11)
    let step = direction * 1e-5
    let slope = (loss(step) - loss(step * -1)).item / 2e-5
    let expected = (change.gradient! * direction).sum().item
    #expect(abs(slope - expected) <= 1e-6 * max(1, abs(expected)), "\(slope) and \(expected)")
    #expect(change.gradient!.isFinite)
  }
}
