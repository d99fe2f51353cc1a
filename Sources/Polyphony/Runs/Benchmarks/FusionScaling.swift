import Foundation
import Torch

/// Measures the cost of fusing whole sequences over the number of modalities and the length.
///
/// Each form fuses M sequences h_m `[B, L, d]` into one step `[B, d]`, forwards and backwards, without a backbone:
/// * `wander`: ``LowRankSequenceFusion``, linear in M and in L.
/// * `cross-attention`: a cross-modal transformer layer for every ordered pair, as in `mult`, read out at its last
///   step. A single modality attends to itself. The cost is quadratic in M, and in L for attention's part.
/// * `outer product`: W · (z_1 ⊗ … ⊗ z_M) over all tokens and features of all modalities, exponential in M.
///   z_m = GELU(h_m W_m + b_m) is `[B, L·r]`, and W `[d, (L·r)^M]` is a full matrix.
///
/// ```swift
/// let scaling = FusionScaling()
/// let points = (1...5).map { scaling.measure(.wander, modalities: $0, length: 50) }
/// let power = FusionScaling.exponent(points.map { (Double($0.modalities), $0.seconds ?? 0) })
/// ```
public struct FusionScaling {
  /// A way to fuse.
  public enum Form: String, Sendable, CaseIterable {
    /// The low-rank fusion of Wander.
    case wander
    /// An encoder for every ordered pair of modalities, as in `mult`.
    case crossAttention = "cross-attention"
    /// The full product of all steps and features.
    case outerProduct = "outer product"
  }

  /// One size of one form.
  public struct Point: Sendable {
    /// The form.
    public var form: Form
    /// The number of modalities M.
    public var modalities: Int
    /// The number of steps L.
    public var length: Int
    /// The number of trained parameters. It is a floating-point number, since that of an outer product soon exceeds an
    /// integer.
    public var parameters: Double
    /// The median time of a step, forwards and backwards, in seconds. Nil if parameters or product do not fit in
    /// memory.
    public var seconds: Double?
    /// The most resident memory of the process during the steps, in bytes.
    public var peakMemory: Int?
  }

  /// Features per step d.
  public var width = 40
  /// Attention heads.
  public var heads = 8
  /// Bottleneck r.
  public var bottleneck = 16
  /// The feature rank R_d.
  public var featureRank = 8
  /// The token rank R_t.
  public var tokenRank = 12
  /// The number of samples B.
  public var batch = 8
  /// The number of steps for the median.
  public var repeats = 10
  /// The largest number of elements of a tensor. A form with a larger tensor is not run.
  public var limit = 1 << 27

  /// Uses the defaults, which have Wander's published ranks.
  public init() {}

  /// Measures one form at one size.
  public func measure(_ form: Form, modalities: Int, length: Int) -> Point {
    var point = Point(
      form: form, modalities: modalities, length: length, parameters: parameters(form, modalities, length))
    guard largest(form, modalities, length) <= Double(limit) else { return point }
    let generator = Generator(seed: 0)
    let inputs = (0..<modalities).map { _ in Tensor.normal([batch, length, width], generator: generator) }
    let (trained, fuse) = make(form, modalities, length)
    PeakMemory.reset()
    point.seconds = Stopwatch.median(repeats) {
      for parameter in trained { parameter.tensor?.gradient = nil }
      fuse(inputs).sum().backward()
    }
    point.peakMemory = PeakMemory.bytes
    return point
  }

  /// The slope of log y over log x, which is the power with which y grows. Nil for fewer than two points.
  public static func exponent(_ points: [(x: Double, y: Double)]) -> Double? {
    line(points.map { (log($0.x), log($0.y)) })?.slope
  }

  /// The share R² of y's variance that a straight line through the points explains. Nil for fewer than three points.
  public static func linearity(_ points: [(x: Double, y: Double)]) -> Double? {
    guard points.count > 2, let fit = line(points) else { return nil }
    let mean = points.map(\.y).reduce(0, +) / Double(points.count)
    let left = points.reduce(0) { $0 + ($1.y - fit.offset - fit.slope * $1.x) * ($1.y - fit.offset - fit.slope * $1.x) }
    let all = points.reduce(0) { $0 + ($1.y - mean) * ($1.y - mean) }
    return all > 0 ? 1 - left / all : 1
  }

  private static func line(_ points: [(x: Double, y: Double)]) -> (slope: Double, offset: Double)? {
    guard points.count > 1 else { return nil }
    let count = Double(points.count)
    let (x, y) = (points.map(\.x).reduce(0, +) / count, points.map(\.y).reduce(0, +) / count)
    let spread = points.reduce(0) { $0 + ($1.x - x) * ($1.x - x) }
    guard spread > 0 else { return nil }
    let slope = points.reduce(0) { $0 + ($1.x - x) * ($1.y - y) } / spread
    return (slope, y - slope * x)
  }

  private func parameters(_ form: Form, _ modalities: Int, _ length: Int) -> Double {
    let (m, d, r) = (Double(modalities), Double(width), Double(bottleneck))
    let down = m * (d * r + r)
    switch form {
    case .wander: return down + m * Double(featureRank) * r * d + m * Double(tokenRank * length)
    // Attention has 4d² weights, the feed-forward part 8d². Biases and norms have 15d.
    case .crossAttention: return max(1, m * (m - 1)) * (12 * d * d + 15 * d)
    case .outerProduct: return down + d * product(modalities, length)
    }
  }

  /// The number of elements of the largest tensor in a step.
  private func largest(_ form: Form, _ modalities: Int, _ length: Int) -> Double {
    switch form {
    case .wander: Double(batch * length * width)
    case .crossAttention: Double(batch * heads * length * length)
    case .outerProduct: Double(max(width, batch)) * product(modalities, length)
    }
  }

  /// The number of features (L·r)^M of the outer product.
  private func product(_ modalities: Int, _ length: Int) -> Double {
    (0..<modalities).reduce(1) { product, _ in product * Double(length * bottleneck) }
  }

  /// Makes a form with random starting values. Returns its parameters, and the function from sequences to one step.
  private func make(
    _ form: Form, _ modalities: Int, _ length: Int
  ) -> (trained: [StoredTensor], fuse: ([Tensor]) -> Tensor) {
    switch form {
    case .wander:
      let cost = ContractionCost(
        bottleneck: bottleneck, width: width, featureRank: featureRank, tokenRank: tokenRank, steps: 1)
      let fusion = LowRankSequenceFusion(lengths: Array(repeating: length, count: modalities), cost, zeroStart: 0)
      let present = [Tensor?](repeating: nil, count: modalities)
      return (fusion.storages, { fusion.fuse($0.map { Tokens($0) }, present: present, limit: nil) })
    case .crossAttention:
      let pairs =
        modalities == 1
        ? [(0, 0)]
        : (0..<modalities).flatMap { m in
          (0..<modalities).filter { $0 != m }.map { (m, $0) }
        }
      let encoders = pairs.map { _ in TransformerEncoder(width: width, heads: heads, layers: 1) }
      return (
        encoders.flatMap(\.storages),
        { h in
          let steps = zip(pairs, encoders).map { $1(h[$0.0], memory: h[$0.1], readout: .last) }
          return .concatenated(steps, 2)
        }
      )
    case .outerProduct:
      let down = (0..<modalities).map { _ in Linear(width, bottleneck) }
      let size = Int(product(modalities, length))
      let weight = Linear(size, width)
      return (
        down.flatMap(\.storages) + weight.storages,
        { h in
          let z = zip(h, down).map { $1($0).gelu().flattened(1) }
          let outer = z.dropFirst().reduce(z[0]) { outer, next in
            outer.unsqueezed(2).matmul(next.unsqueezed(1)).flattened(1)
          }
          return weight(outer)
        }
      )
    }
  }
}

extension Module {
  fileprivate var storages: [StoredTensor] { parameters().map(\.storage) }
}
