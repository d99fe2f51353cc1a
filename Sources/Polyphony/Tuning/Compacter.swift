import Torch

/// Compacter: bottleneck adapters with matrices that are sums of Kronecker products (Karimi Mahabadi et al. 2021, eq.
/// 5), and the head.
///
/// W = Σ_{i=1}^{n} A_i ⊗ (s_i t_iᵀ). All layers share the A_i `[n, n]`. Each matrix has its own s_i `[in/n, q]` and t_i
/// `[q, out/n]`. x ← x + W↑ GELU(W↓ x + b↓) + b↑ after the feed-forward part (`pfeiffer`), or after attention too
/// (`houlsby`). The t_i and b↑ of the way up start at zero, so the output at the start is the base's.
///
/// Settings: `bottleneck` (8), `blocks` (n, 4, a divisor of bottleneck and widths), `rank` (q, 1), `variant`
/// (`houlsby`, as in the paper), `train_head` (true).
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "{bottleneck: 8, blocks: 2}", file: "recipe")
/// let (compacter, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try Compacter(reader) }
/// let installation = try Installation(compacter, on: model)
/// ```
public final class Compacter: Module, Attachment, TuningMethod {
  /// The matrices A, `[n, n, n]`, shared by all layers.
  @Parameter("shared") public var shared: Tensor
  /// The adapters by layer key.
  @Child("layers") public var layers: NamedModules
  private let bottleneck: Int
  private let blocks: Int
  private let rank: Int
  private let variant: BottleneckTuning.Variant
  private let tuning: LayerTuning

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for a number out of range, and for a bottleneck that is no multiple of `blocks`.
  public init(_ settings: SettingsReader) throws(Fault) {
    bottleneck = try settings.int("bottleneck", default: 8, in: 1...65536)
    blocks = try settings.int("blocks", default: 4, in: 1...64)
    rank = try settings.int("rank", default: 1, in: 1...65536)
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

  /// The method has no stages, because the adapters act inside the layers.
  public var stages: Stages { [] }

  /// Adds adapters to every encoder layer.
  /// - Throws: `Fault(.usage)` for a model without encoder layers, and for a width that is no multiple of `blocks`.
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

/// y = x·Σ_i A_i ⊗ (s_i t_iᵀ) + b, with an A that another module owns.
final class KroneckerLinear: Module {
  /// s, `[n, inputs/n, q]`.
  @Parameter("s") var left: Tensor
  /// t, `[n, q, outputs/n]`.
  @Parameter("t") var right: Tensor
  /// b, `[outputs]`.
  @Parameter var bias: Tensor
  /// Returns A. A property with a wrapper would make A a parameter of this module too.
  private let shared: () -> Tensor

  init(_ inputs: Int, _ outputs: Int, blocks: Int, rank: Int, shared: @escaping () -> Tensor) {
    self.shared = shared
    super.init()
    // Glorot's variance for W is 2/(in + out). An element of W is a sum of n·q products, and those of A_i have variance
    // 1/n.
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
