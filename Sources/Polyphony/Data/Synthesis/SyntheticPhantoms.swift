import Torch

/// A controlled segmentation set: a head with a nested lesion in four co-registered contrasts, with the BraTS
/// challenge's labels.
///
/// Every image consists of tissues: head, ventricles and the three parts of the lesion. A contrast shows tissue k as
/// its own grey level, multiplied by a smooth bias field, plus noise. The lesion is nested: dead core (class 1) inside
/// an enhancing rim (3) inside oedema (2). So the regions are enhancing tumour {3}, tumour core {1, 3} and whole tumour
/// {1, 2, 3}. One lesion in ten does not enhance; its rim has the grey level and the class of the core. The contrasts
/// differ in use:
///
/// * `flair` shows the whole lesion, and dark ventricles;
/// * `t1ce` alone shows the rim;
/// * `t1` shows almost nothing of the lesion, in stronger noise;
/// * `t2` shows the lesion, but with ventricles as bright, in the strongest noise.
///
/// ```swift
/// let phantoms = SyntheticPhantoms(samples: 100, size: 32)
/// try DatasetWriter.write(phantoms.description, phantoms.make(), to: "phantoms")
/// ```
public struct SyntheticPhantoms: SyntheticMaker, Sendable {
  /// Samples over all splits: 70 % train, 15 % valid, 15 % test.
  public var samples: Int
  /// Height and width in pixels.
  public var size: Int
  /// The distance of this scanner from that of shift 0. It scales the change of grey levels, bias and noise.
  public var shift: Double
  /// The seed of all random numbers. Sets of one seed and several shifts share the tissues' grey levels of shift 0.
  public var seed: UInt64

  /// Makes a set of these numbers.
  public init(samples: Int = 400, size: Int = 64, shift: Double = 0, seed: UInt64 = 0) {
    (self.samples, self.size, self.shift, self.seed) = (samples, size, shift, seed)
  }

  private static let contrasts = ["flair", "t1ce", "t1", "t2"]
  /// Grey levels of air, brain, ventricles, core, oedema, rim.
  private static let levels: [[Float]] = [
    [0, 0.50, 0.15, 0.60, 0.90, 0.75],
    [0, 0.50, 0.20, 0.30, 0.42, 1.00],
    [0, 0.50, 0.20, 0.38, 0.45, 0.47],
    [0, 0.45, 0.95, 0.90, 0.80, 0.70],
  ]
  private static let noise = [0.06, 0.06, 0.10, 0.14]

  /// The description, which has no splits yet.
  public var description: DatasetDescription {
    DatasetDescription(
      name: "synthetic-phantoms",
      task: PredictionTask(
        kind: .segmentation, classes: 4, labels: ["background", "core", "oedema", "enhancing"]),
      modalities: Self.contrasts.map { .image($0, channels: 1, height: size, width: size) },
      source: "made by «polyphony data synthesize --kind segmentation»: samples \(samples), size \(size), "
        + "shift \(shift), seed \(seed)")
  }

  /// Makes the three splits.
  /// - Throws: `Fault(.usage)` for numbers out of range.
  public func make() throws(Fault) -> [DatasetWriter.Split] {
    try check()
    let world = Generator(seed: seed &* 2_654_435_761 &+ 7)
    let scanner = Generator(seed: (seed &+ 1) &* 40_503 &+ UInt64(bitPattern: Int64(shift * 1000)))
    let tissue = tissues(scanner)
    let images = Self.contrasts.indices.map { image(tissue.map, $0, world, scanner) }
    return SyntheticSplits.cut(images, target: tissue.labels)
  }

  /// The tissue of each pixel (`[N, H, W]`, numbered as the grey levels), and the classes.
  private func tissues(_ scanner: Generator) -> (map: Tensor, labels: Tensor) {
    func draw(_ range: Range<Double>) -> Tensor { .uniform([samples, 1, 1], in: range, generator: scanner) }
    let axis = Tensor.range(size).to(.float32) * (2 / Double(size - 1)) - 1
    let (y, x) = (axis.reshaped(1, size, 1), axis.reshaped(1, 1, size))
    let (height, width) = (draw(0.75..<0.92), draw(0.62..<0.80))
    let head = ellipse(x, y, 0, 0, width, height)
    let gap = draw(0.10..<0.16)
    let (ventricleWidth, ventricleHeight) = (draw(0.05..<0.09), draw(0.16..<0.26))
    let ventricles = Tensor.minimum(
      ellipse(x, y, gap, 0.05, ventricleWidth, ventricleHeight),
      ellipse(x, y, -gap, 0.05, ventricleWidth, ventricleHeight))

    let (angle, distance) = (draw(0..<6.283), draw(0.15..<0.42))
    let (centreX, centreY) = (angle.cos() * distance, angle.sin() * distance)
    let (phase, radius, stretch) = (draw(0..<6.283), draw(0.20..<0.34), draw(0.8..<1.25))
    // Wavy coordinates make the outline irregular without making it intersect itself.
    let dx = (x - centreX + (y * 7 + phase).sin() * 0.04) * stretch
    let dy = (y - centreY + (x * 7 + phase).cos() * 0.04) / stretch
    let lesion = (dx.squared() + dy.squared()).sqrt() / radius
    let coreShare = draw(0.55..<0.75)
    let deadShare = coreShare * draw(0.45..<0.70)
    let enhances = draw(0..<1) .>= 0.1

    func inside(_ condition: Tensor) -> Tensor { condition.to(.float32) }
    let brain = inside(head .< 1)
    let whole = inside(lesion .< 1) * brain
    let core = inside(lesion .< coreShare) * brain
    let rim = (core - inside(lesion .< deadShare) * brain) * inside(enhances)
    // Brain is 1 and ventricles are 2. Oedema 4, core 3 and rim 5 replace them.
    let around = brain + inside(ventricles .< 1) * brain
    let map = (around * (1 - whole) + whole * 4 - core + rim * 2).to(.int64)
    let labels = (whole * 2 - core + rim * 2).to(.int64)
    return (map, labels)
  }

  /// One contrast, `[N, 1, H, W]`.
  private func image(_ tissues: Tensor, _ index: Int, _ world: Generator, _ scanner: Generator) -> Tensor {
    let base = Tensor(Self.levels[index])
    // The draw does not depend on the shift, so all sets of a seed share these numbers.
    let change = Tensor.normal([base.count], generator: world) * 0.15
    let levels = (base + change * shift).clamped(0, nil)
    let clean = levels.rows(tissues.flattened()).reshaped(samples, 1, size, size)
    let axis = Tensor.range(size).to(.float32) * (2 / Double(size - 1)) - 1
    func draw(_ spread: Double) -> Tensor {
      Tensor.normal([samples, 1, 1, 1], generator: scanner) * (spread * (1 + shift))
    }
    let field =
      1 + draw(0.05) + axis.reshaped(1, 1, size, 1) * draw(0.08) + axis.reshaped(1, 1, 1, size) * draw(0.08)
    let disturbance = Tensor.normal([samples, 1, size, size], generator: scanner)
    return clean * field + disturbance * (Self.noise[index] * (1 + shift))
  }

  /// A value below 1 inside the ellipse.
  private func ellipse(
    _ x: Tensor, _ y: Tensor, _ centreX: Tensor, _ centreY: Double, _ width: Tensor, _ height: Tensor
  ) -> Tensor {
    ((x - centreX) / width).squared() + ((y - centreY) / height).squared()
  }

  private func ellipse(
    _ x: Tensor, _ y: Tensor, _ centreX: Double, _ centreY: Double, _ width: Tensor, _ height: Tensor
  ) -> Tensor {
    ellipse(x, y, Tensor(centreX), centreY, width, height)
  }

  private func check() throws(Fault) {
    try SyntheticSplits.need(samples >= 20, "samples", samples, "20 or more")
    try SyntheticSplits.need((16...512).contains(size), "size", size, "16 to 512")
    try SyntheticSplits.need((0...10).contains(shift), "shift", shift, "0 to 10")
  }
}
