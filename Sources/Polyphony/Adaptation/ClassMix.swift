import Torch

/// The shares of the classes among unlabelled samples, estimated by expectation-maximisation (Saerens, Latinne and
/// Decaestecker 2002).
///
/// With p_nk the probabilities of a model whose training samples had the shares π_k, the estimate π′ is the fixed point of
///
/// π′_k = mean_n (p_nk π′_k / π_k) / Σ_j (p_nj π′_j / π_j).
///
/// It is the likeliest mix if only the shares have changed, and the probabilities are calibrated. Features that have
/// drifted as well make it unreliable.
///
/// ```swift
/// let mix = ClassMix(probabilities: logits.softmax(1), source: moments.shares)
/// print(mix.shares.doubles, mix.distance)
/// ```
public struct ClassMix {
  /// π′, `[K]` f64.
  public let shares: Tensor
  /// π, `[K]` f64.
  public let source: Tensor
  private static let iterations = 200

  /// Estimates the mix.
  /// - Parameters:
  ///   - probabilities: p, `[N, K]`.
  ///   - source: π, `[K]`. A class without training samples keeps the share 0.
  public init(probabilities: Tensor, source: Tensor) {
    let (p, source) = (probabilities.detached().to(.cpu).to(.float64), source.to(.float64))
    self.source = source
    shares = noGrad {
      let ratio = p * (source .> 0).to(.float64) / source.clamped(1e-12, nil)
      var shares = source
      for _ in 0..<Self.iterations {
        let posterior = ratio * shares
        shares = (posterior / posterior.sum(1, keep: true).clamped(1e-30, nil)).mean(0)
      }
      return shares
    }
  }

  /// The total variation ½ Σ_k |π′_k − π_k|: the part of the samples that would have to change class.
  public var distance: Double { (shares - source).abs().sum().item / 2 }

  /// A remark on a mix that differs by more than a tenth; nil for less.
  /// - Parameter names: the names of the classes; nil for their numbers.
  func note(_ names: [String]? = nil) -> String? {
    guard distance >= 0.1 else { return nil }
    let change = (shares - source).abs().doubles
    let most = change.indices.max { change[$0] < change[$1] }!
    let (before, after) = (source.doubles[most], shares.doubles[most])
    let name = names.map { $0[most] } ?? "\(most)"
    return "the class mix may have changed: class \(name) \(percent(before)) in training, \(percent(after)) here"
  }

  private func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
}
