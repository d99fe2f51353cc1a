import Testing
import Torch

/// Compares the fused kernels with the same layers on libtorch's operators: values, gradients, dropout.
@Suite struct FusedTests {
  struct Shape: CustomTestStringConvertible, Sendable {
    var batch = 3
    var length: Int
    var width: Int
    var heads: Int
    var layers = 2
    /// The number of steps of the memory, which gives keys and values. Nil for self-attention.
    var memory: Int?
    var causal = false
    /// The number of real steps of each sample. Nil without a mask.
    var real: [Int]?
    var memoryReal: [Int]?

    var testDescription: String {
      "batch \(batch), length \(length)\(memory.map { " from \($0)" } ?? ""), width \(width), heads \(heads)"
        + "\(causal ? ", causal" : "")\(real.map { ", real \($0)" } ?? "")"
    }
  }

  static let shapes: [Shape] = [
    // The lengths are odd, and no vector divides the widths and heads.
    Shape(length: 1, width: 20, heads: 5), Shape(length: 7, width: 40, heads: 8),
    Shape(length: 50, width: 30, heads: 5),
    Shape(length: 13, width: 10, heads: 2), Shape(length: 9, width: 64, heads: 4),
    Shape(length: 5, width: 33, heads: 3),
    Shape(batch: 1, length: 375, width: 30, heads: 6, layers: 1), Shape(batch: 1, length: 50, width: 40, heads: 8),
    Shape(length: 6, width: 256, heads: 16, layers: 1), Shape(length: 11, width: 7, heads: 1),
    // The padding has tails, and a sample with a single real step.
    Shape(length: 7, width: 40, heads: 8, real: [7, 1, 4]), Shape(length: 50, width: 20, heads: 4, real: [1, 50, 33]),
    // Cross-modal and causal attention, both with padding.
    Shape(length: 7, width: 20, heads: 5, memory: 12), Shape(length: 12, width: 30, heads: 5, memory: 3),
    Shape(length: 8, width: 20, heads: 5, causal: true),
    Shape(length: 8, width: 20, heads: 5, memory: 5, causal: true),
    Shape(length: 8, width: 20, heads: 5, memory: 5, causal: true, real: [8, 3, 1], memoryReal: [2, 5, 4]),
    Shape(length: 6, width: 12, heads: 3, memory: 9, real: [6, 2, 5], memoryReal: [9, 1, 4]),
  ]

  /// An encoder whose LayerNorms are not the identity, and sequences for it.
  struct Setup {
    let encoder: TransformerEncoder
    let x: Tensor
    let memory: Tensor?
    let mask: Tensor?
    let memoryMask: Tensor?
    let weights: Tensor

    init(_ shape: Shape, _ dtype: DType, rates: DropoutRates = .init()) {
      Libtorch.seed(3)
      encoder = TransformerEncoder(
        width: shape.width, heads: shape.heads, layers: shape.layers, rates: rates, causal: shape.causal)
      for (key, stored) in encoder.parameters() where key.contains("norm") || key.contains("bias") {
        noGrad { stored.tensor!.addInPlace(.normal(stored.tensor!.shape), scale: 0.2) }
      }
      encoder.move(to: .cpu, dtype: dtype)
      x = Tensor.normal([shape.batch, shape.length, shape.width]).to(dtype)
      memory = shape.memory.map { .normal([shape.batch, $0, shape.width]).to(dtype) }
      let mask = { (real: [Int]?, length: Int) in
        real.map { Tensor.range(length).unsqueezed(0) .< Tensor($0).unsqueezed(1) }
      }
      self.mask = mask(shape.real, shape.length)
      memoryMask = shape.memory.flatMap { mask(shape.memoryReal, $0) }
      let real = self.mask.map { $0.to(dtype).unsqueezed(2) } ?? .ones([1, 1, 1], dtype: dtype)
      weights = Tensor.normal([shape.batch, shape.length, shape.width]).to(dtype) * real
    }

    /// Computes the output at real steps, and the gradients of a weighted sum with respect to all inputs and
    /// parameters.
    func run(fused: Bool, readout: Readout = .all) -> (output: Tensor, gradients: [(String, Tensor)]) {
      Fused.isForced.withValue(fused) {
        encoder.clearGradients()
        let x = x.copy().requiringGradient()
        let memory = memory?.copy().requiringGradient()
        let output = encoder(x, memory: memory, mask: mask, memoryMask: memoryMask, readout: readout)
        (output * readout.steps(of: weights, mask: mask)).sum().backward()
        var gradients = encoder.parameters().map { ($0.key, $0.storage.tensor!.gradient!) }
        gradients.append(("x", x.gradient!))
        if let memory { gradients.append(("memory", memory.gradient!)) }
        let real = mask.map { $0.to(output.dtype).unsqueezed(2) }
        return (readout == .all ? real.map { output * $0 } ?? output : output, gradients)
      }
    }
  }

  @Test(arguments: shapes) func valuesAndGradientsEqual(shape: Shape) {
    for (dtype, tolerance) in [(DType.float32, 1e-5), (.float64, 1e-11)] {
      let setup = Setup(shape, dtype)
      for readout in [Readout.all, .first, .last] {
        let (fused, plain) = (setup.run(fused: true, readout: readout), setup.run(fused: false, readout: readout))
        expectNear(fused.output, plain.output, tolerance, "\(dtype) output, \(readout)")
        for (a, b) in zip(fused.gradients, plain.gradients) {
          expectNear(a.1, b.1, tolerance, "\(dtype) gradient of \(a.0), \(readout)")
        }
      }
    }
  }

  @Test func frozenWeightsGetNoGradientAndTheOthersTheSame() {
    let setup = Setup(Shape(length: 9, width: 20, heads: 4), .float64)
    let all = Dictionary(uniqueKeysWithValues: setup.run(fused: true).gradients)
    setup.encoder.freeze { !$0.contains("layer_norms") }
    setup.encoder.clearGradients()
    let output = Fused.isForced.withValue(true) { setup.encoder(setup.x) }
    (output * setup.weights).sum().backward()
    for (key, stored) in setup.encoder.parameters() {
      if key.contains("layer_norms") {
        expectNear(stored.tensor!.gradient!, all[key]!, 1e-12, key)
      } else {
        #expect(stored.tensor!.gradient == nil, "\(key) is frozen")
      }
    }
  }

  @Test func droppedElementsHaveTheRightShareAndScale() {
    for p in [0.1, 0.25, 0.5, 0.9] { withStream(17) { droppedElements(p) } }
  }

  /// Runs a body with a stream that no other test resets.
  private func withStream(_ seed: UInt64, _ body: () -> Void) {
    DropoutStream.ofThread.withValue(DropoutStream(.init(seed: seed, offset: 0)), body)
  }

  private func droppedElements(_ p: Double) {
    let mask = Fused.isForced.withValue(true) { Tensor.ones([64, 50, 40]).dropout(p, active: true) }
    let count = Double(mask.count)
    let kept = (mask .> 0).to(.float64).mean().item
    // The tolerance is five standard errors of a share, plus one step of the 16-bit uniform numbers.
    #expect(abs(kept - (1 - p)) < 5 * (p * (1 - p) / count).squareRoot() + 1.0 / 65536, "kept \(kept) at \(p)")
    #expect(abs(mask.to(.float64).mean().item - 1) < 5 * (p / (1 - p) / count).squareRoot() + 1e-4)
    // Neighbours along each dimension are uncorrelated.
    let centred = (mask .> 0).to(.float64) - kept
    for dimension in 0..<3 {
      let size = mask.size(dimension)
      let product = centred.slice(dimension, 0, size - 1) * centred.slice(dimension, 1)
      let correlation = product.mean().item / (kept * (1 - kept))
      #expect(abs(correlation) < 5 / count.squareRoot(), "correlation \(correlation) along \(dimension) at \(p)")
    }
    let next = Fused.isForced.withValue(true) { Tensor.ones([64, 50, 40]).dropout(p, active: true) }
    let shared = (centred * ((next .> 0).to(.float64) - kept)).mean().item / (kept * (1 - kept))
    #expect(abs(shared) < 5 / count.squareRoot(), "the next call's mask is another, \(shared)")
  }

  /// At a fixed stream position the layer is a fixed function. Finite differences use the mask of the forward pass. So
  /// they agree with backward only if backward uses the same mask.
  @Test func backwardUsesTheMaskOfForward() {
    let rates = DropoutRates(attention: 0.3, relu: 0.3, residual: 0.3, embedding: 0.3)
    let setup = Setup(Shape(length: 5, width: 8, heads: 2, real: [5, 2, 4]), .float64, rates: rates)
    let run = { (x: Tensor) -> Tensor in
      let output = DropoutStream.ofThread.withValue(DropoutStream(.init(seed: 9, offset: 4))) {
        Fused.isForced.withValue(true) { setup.encoder(x, mask: setup.mask) }
      }
      return (output * setup.weights).sum()
    }
    let x = setup.x.copy().requiringGradient()
    run(x).backward()
    let direction = Tensor.normal(x.shape).to(.float64)
    let step = 1e-6
    let difference = noGrad { (run(setup.x + direction * step) - run(setup.x - direction * step)).item / (2 * step) }
    let expected = (x.gradient! * direction).sum().item
    #expect(abs(difference - expected) < 1e-6 * max(1, abs(expected)), "\(difference) and \(expected)")
    #expect(noGrad { run(setup.x).item } == noGrad { run(setup.x).item }, "one position, the same bits")
  }

  /// To first order, the mean over many masks is the layer without dropout. Heads and samples have different masks.
  @Test func dropoutDiffersBetweenSamplesAndCalls() { withStream(3, differs) }

  private func differs() {
    let rates = DropoutRates(residual: 0.5)
    let setup = Setup(Shape(batch: 2, length: 6, width: 8, heads: 2, layers: 1), .float32, rates: rates)
    let same = Tensor.concatenated([setup.x[0..<1], setup.x[0..<1]])
    let output = Fused.isForced.withValue(true) { noGrad { setup.encoder(same) } }
    #expect(output[0].floats != output[1].floats, "two equal samples get different masks")
    let again = Fused.isForced.withValue(true) { noGrad { setup.encoder(same) } }
    #expect(output.floats != again.floats, "two calls get different masks")
    setup.encoder.train(false)
    let quiet = Fused.isForced.withValue(true) { noGrad { setup.encoder(same) } }
    #expect(quiet[0].floats == quiet[1].floats, "no dropout in evaluation form")
  }

  @Test func theBitsDoNotDependOnTheNumberOfThreads() {
    let setup = Setup(
      Shape(batch: 5, length: 9, width: 20, heads: 4, real: [9, 3, 1, 5, 7]), .float32,
      rates: .init(attention: 0.1, relu: 0.1, residual: 0.1, embedding: 0.2))
    let threads = Libtorch.threadCount
    defer { Libtorch.threadCount = threads }
    let outputs = [1, 2, 3].map { count -> [Float] in
      Libtorch.threadCount = count
      return DropoutStream.ofThread.withValue(DropoutStream(.init(seed: 1, offset: 0))) {
        Fused.isForced.withValue(true) { noGrad { setup.encoder(setup.x, mask: setup.mask).floats } }
      }
    }
    #expect(outputs[0] == outputs[1] && outputs[1] == outputs[2])
  }

  /// The largest difference, relative to the largest magnitude.
  private func expectNear(
    _ found: Tensor, _ expected: Tensor, _ tolerance: Double, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(found.shape == expected.shape, "\(what)", sourceLocation: sourceLocation)
    guard found.shape == expected.shape, found.count > 0 else { return }
    let scale = max(expected.abs().maximum().item, 1e-3)
    let error = (found - expected).abs().maximum().item / scale
    #expect(error <= tolerance, "\(what): off by \(error)", sourceLocation: sourceLocation)
  }
}
