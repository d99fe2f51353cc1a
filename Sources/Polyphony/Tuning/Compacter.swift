import Torch

/// Compacter: bottleneck adapters whose matrices are sums of Kronecker products (Karimi Mahabadi et al. 2021, eq. 5),
/// and the head.
///
/// W = Σ_{i=1}^{n} A_i ⊗ (s_i t_iᵀ): the A_i `[n, n]` are shared by all layers, s_i `[in/n, q]` and t_i `[q, out/n]` are
/// a matrix's own. x ← x + W↑ GELU(W↓ x + b↓) + b↑ after the feed-forward part (`pfeiffer`) or after attention too
/// (`houlsby`). The t_i and b↑ of the way up start at zero: the output at the start is the base's.
/// Settings: `bottleneck` (8), `blocks` (n, 4; divides bottleneck and widths), `rank` (q, 1), `variant` (`houlsby`, as in
/// the paper), `train_head` (true).
public final class Compacter: Module, Attachment, TuningMethod {
  /// A, `[n, n, n]`: shared by all layers.
  @Parameter("shared") public var shared: Tensor
  /// Adapters by layer key.
  @Child("layers") public var layers: NamedModules
  private let bottleneck: Int
  private let blocks: Int
  private let rank: Int
  private let variant: BottleneckTuning.Variant
  private let tuning: LayerTuning

  /// Reads the settings.
  public init(_ settings: SettingsReader) throws(Fault) {
    bottleneck = try settings.int("bottleneck", default: 8, in: 1...)
    blocks = try settings.int("blocks", default: 4, in: 1...64)
    rank = try settings.int("rank", default: 1, in: 1...)
    variant = try settings.choice("variant", default: .houlsby)
    tuning = LayerTuning(method: "compacter", trainsHead: try settings.trainsHead())
    guard bottleneck % blocks == 0 else {
      throw settings.fault(
        "the bottleneck cannot be cut into blocks", key: "bottleneck", expected: "a multiple of blocks, \(blocks)")
    }
    super.init()
    layers = NamedModules()
    shared = Tensor.normal([blocks, blocks, blocks]) * (1 / Double(blocks).squareRoot())
  }

  /// None: it acts inside the layers.
  public var stages: Stages { [] }

  /// Gives every encoder layer its adapters.
  public func install(on model: MultimodalModel) throws(Fault) {
    layers = try tuning.install(on: model) { (width) throws(Fault) in
      guard width % blocks == 0 else {
        throw Fault(
          .usage, "a layer's width cannot be cut into blocks", key: "tuning.blocks", found: "\(blocks)",
          expected: "a divisor of \(width)")
      }
      return LayerBottlenecks(attention: variant == .houlsby) {
        KroneckerBottleneck(width, bottleneck, blocks: blocks, rank: rank) { [unowned self] in shared }
      }
    }
    model.attach(self)
  }
}

/// x + W↑ GELU(W↓ x + b↓) + b↑ with matrices of ``KroneckerLinear``.
final class KroneckerBottleneck: Module, ResidualAdapter {
  @Child var down: KroneckerLinear
  @Child var up: KroneckerLinear

  init(_ width: Int, _ bottleneck: Int, blocks: Int, rank: Int, shared: @escaping () -> Tensor) {
    super.init()
    down = KroneckerLinear(width, bottleneck, blocks: blocks, rank: rank, shared: shared)
    up = KroneckerLinear(bottleneck, width, blocks: blocks, rank: rank, shared: shared)
    up.right = up.right.detached().zerosLike()
  }

  func callAsFunction(_ x: Tensor) -> Tensor { x + up(down(x).gelu()) }
}

/// y = x·Σ_i A_i ⊗ (s_i t_iᵀ) + b, with A from elsewhere.
final class KroneckerLinear: Module {
  /// s, `[n, inputs/n, q]`.
  @Parameter("s") var left: Tensor
  /// t, `[n, q, outputs/n]`.
  @Parameter("t") var right: Tensor
  /// b, `[outputs]`.
  @Parameter var bias: Tensor
  /// A; not a property with a wrapper, so that it is no parameter of this module too.
  private let shared: () -> Tensor

  init(_ inputs: Int, _ outputs: Int, blocks: Int, rank: Int, shared: @escaping () -> Tensor) {
    self.shared = shared
    super.init()
    // Glorot's variance 2/(in + out) for W, of which each A_i has 1/n and the sum over i gives n·q products.
    let deviation = (2.0 / Double((inputs + outputs) * rank)).squareRoot().squareRoot()
    left = Tensor.normal([blocks, inputs / blocks, rank]) * deviation
    right = Tensor.normal([blocks, rank, outputs / blocks]) * deviation
    bias = .zeros([outputs])
  }

  /// W, `[inputs, outputs]`.
  var weight: Tensor {
    let shared = shared()
    let blocks = shared.size(0)
    let small = left.matmul(right)
    // A_i ⊗ B_i has A_i[a, b]·B_i[c, d] at row (a, c) and column (b, d).
    return Tensor.einsum("iab,icd->acbd", shared, small)
      .reshaped(blocks * small.size(1), blocks * small.size(2))
  }

  func callAsFunction(_ x: Tensor) -> Tensor { x.matmul(weight) + bias }
}
