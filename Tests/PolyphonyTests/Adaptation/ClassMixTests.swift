import Foundation
import Testing
import Torch

@testable import Polyphony

/// The shares of classes among unlabelled samples.
@Suite struct ClassMixTests {
  /// Exact posteriors of normal classes under equal shares, for samples with other shares.
  private static func posteriors(_ shares: [Double], count: Int) -> (p: Tensor, drawn: [Double]) {
    let generator = Generator(seed: 2)
    let classes = shares.enumerated().flatMap { index, share in
      Array(repeating: index, count: Int(share * Double(count)))
    }
    let centres = Tensor([0.0, 1.5, 3]).to(.float64)
    let x = Tensor.normal([classes.count], generator: generator).to(.float64) + centres.rows(Tensor(classes))
    let logits = (x.unsqueezed(1) - centres.unsqueezed(0)).squared() * -0.5
    return (logits.softmax(1), shares)
  }

  private let equal = Tensor([1.0 / 3, 1.0 / 3, 1.0 / 3]).to(.float64)

  /// The estimate is near the true shares, and nearer than the mean of the probabilities.
  @Test(arguments: [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.05, 0.05, 0.9]]) func findsTheShares(shares: [Double]) {
    let (p, drawn) = Self.posteriors(shares, count: 8000)
    let mix = ClassMix(probabilities: p, source: equal)
    let error = zip(mix.shares.doubles, drawn).map { abs($0 - $1) }.max()!
    let plain = zip(p.mean(0).doubles, drawn).map { abs($0 - $1) }.max()!
    #expect(error < 0.02 && error < plain / 3, "\(mix.shares.doubles)")
    #expect(abs(mix.shares.sum().item - 1) < 1e-12)
    let distance = drawn.map { abs($0 - 1.0 / 3) }.reduce(0, +) / 2
    #expect(abs(mix.distance - distance) < 0.02)
  }

  /// The result is the fixed point of the formula.
  @Test func isAFixedPoint() {
    let (p, _) = Self.posteriors([0.6, 0.3, 0.1], count: 300)
    let source = Tensor([0.5, 0.3, 0.2]).to(.float64)
    let shares = ClassMix(probabilities: p, source: source).shares
    let posterior = p * shares / source
    let again = (posterior / posterior.sum(1, keep: true)).mean(0)
    #expect((again - shares).abs().maximum(0).item < 1e-6)
  }

  /// A class that training never had keeps the share 0, and samples like those of training give no remark.
  @Test func remarks() {
    let (p, _) = Self.posteriors([0.32, 0.34, 0.34], count: 900)
    #expect(ClassMix(probabilities: p, source: equal).note() == nil)
    let two = Tensor([0.5, 0.5, 0]).to(.float64)
    #expect(ClassMix(probabilities: p, source: two).shares.doubles[2] == 0)
    let (q, _) = Self.posteriors([0.8, 0.1, 0.1], count: 2000)
    let note = ClassMix(probabilities: q, source: equal).note(["walk", "run", "sit"])
    #expect(note?.hasPrefix("the class mix may have changed: class walk 33 % in training, ") == true)
  }
}
