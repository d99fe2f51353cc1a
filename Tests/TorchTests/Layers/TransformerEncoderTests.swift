import Testing
import Torch

@Suite struct TransformerEncoderTests {
  /// A form of an encoder's call: cross-modal or not, with masks or not, causal or not, and the steps to read out.
  struct Form: Sendable, CustomTestStringConvertible {
    var crossModal = false
    var masked = false
    var causal = false
    var readout = Readout.all

    static let all =
      [false, true].flatMap { crossModal in
        [false, true].flatMap { masked in
          [false, true].map { Form(crossModal: crossModal, masked: masked, causal: $0) }
        }
      } + [
        Form(masked: true, readout: .last), Form(readout: .last), Form(masked: true, readout: .first),
        Form(crossModal: true, masked: true, readout: .last),
      ]

    var testDescription: String {
      "\(crossModal ? "cross-modal" : "self")\(masked ? ", masked" : "")\(causal ? ", causal" : ""), \(readout)"
    }

    /// The mask of sequences of length 3. The first sample is whole, the second lacks its last step.
    var mask: Tensor? { masked ? Tensor([true, true, true, true, true, false], shape: [2, 3]) : nil }
    /// The mask of memories of length 4. The second sample has two steps.
    var memoryMask: Tensor? {
      masked && crossModal ? Tensor([true, true, true, true, true, true, false, false], shape: [2, 4]) : nil
    }

    func encoder(_ samples: Samples, width: Int = 4, heads: Int = 2, layers: Int = 2) -> TransformerEncoder {
      let encoder = TransformerEncoder(width: width, heads: heads, layers: layers, causal: causal)
      samples.fill(encoder)
      return encoder
    }

    /// The output with zeros at steps of padding, which have no meaning.
    func output(_ encoder: TransformerEncoder, _ x: Tensor, _ memory: Tensor) -> Tensor {
      let output = encoder(
        x, memory: crossModal ? memory : nil, mask: mask, memoryMask: memoryMask, readout: readout)
      guard readout == .all, let mask else { return output }
      return output.filled(0, where: .!mask.unsqueezed(2))
    }
  }

  /// Compares with PyTorch, through our own kernels and through libtorch's operators. ``FusedTests`` compares the two
  /// for more layers.
  @Test(arguments: Form.all, [true, false])
  func gradients(form: Form, fused: Bool) {
    let samples = Samples(11, .float64)
    let encoder = form.encoder(samples, layers: 1)
    let (x, memory) = (samples.leaf(2, 3, 4), samples.leaf(2, 4, 4))
    let probe = samples.normal(2, form.readout == .all ? 3 : 1, 4)
    let inputs = encoder.leaves + [("x", x)] + (form.crossModal ? [("memory", memory)] : [])
    expectGradients(of: inputs) {
      Fused.isForced.withValue(fused) { (form.output(encoder, x, memory) * probe).sum() }
    }
  }

  @Test func gradientsOfOneLayer() {
    let samples = Samples(12, .float64)
    let layer = TransformerEncoderLayer(width: 4, heads: 2)
    samples.fill(layer)
    let (x, memory, probe) = (samples.leaf(2, 3, 4), samples.leaf(2, 2, 4), samples.normal(2, 3, 4))
    expectGradients(of: layer.leaves + [("x", x)]) { (layer(x) * probe).sum() }
    expectGradients(of: layer.leaves + [("x", x), ("memory", memory)]) { (layer(x, memory: memory) * probe).sum() }
  }

  /// A batch with padding on either side gives the same as its samples one by one, without padding.
  @Test(arguments: [false, true], [DType.float32, .float64])
  func paddingChangesNothing(before: Bool, dtype: DType) {
    let samples = Samples(13, dtype)
    let encoder = Form().encoder(samples, width: 8, heads: 4)
    let (lengths, memoryLengths, longest) = ([5, 1, 3], [2, 4, 6], 6)
    let x = lengths.map { samples.normal(1, $0, 8) }
    let memory = memoryLengths.map { samples.normal(1, $0, 8) }
    func padded(_ sequences: [Tensor]) -> (Tensor, Tensor) {
      let widths = sequences.map { before ? [longest - $0.size(1), 0] : [0, longest - $0.size(1)] }
      let values = zip(sequences, widths).map { $0.padded([0, 0] + $1, value: 7) }
      let masks = zip(sequences, widths).map { Tensor.ones([1, $0.size(1)], dtype: .uint8).padded($1) }
      return (.concatenated(values), Tensor.concatenated(masks).to(.bool))
    }
    let ((batch, mask), (memoryBatch, memoryMask)) = (padded(x), padded(memory))
    let together = encoder(batch, mask: mask)
    let crossModal = encoder(batch, memory: memoryBatch, mask: mask, memoryMask: memoryMask)
    let last = encoder(batch, mask: mask, readout: .last)
    let precision = dtype == .float32 ? 2e-6 : 1e-13
    for (index, length) in lengths.enumerated() {
      let steps = before ? longest - length..<longest : 0..<length
      expectClose(together[index][steps], encoder(x[index])[0], relative: precision)
      expectClose(
        crossModal[index][steps], encoder(x[index], memory: memory[index])[0], relative: precision, "cross-modal")
      expectClose(last[index], encoder(x[index])[0].slice(0, -1), relative: precision, "last")
    }
  }

  @Test(arguments: Form.all)
  func samplesDoNotSeeEachOther(form: Form) {
    let samples = Samples(14, .float64)
    let encoder = form.encoder(samples)
    let (x, memory, order) = (samples.normal(2, 3, 4), samples.normal(2, 4, 4), Tensor([1, 0]))
    let output = encoder(
      x, memory: form.crossModal ? memory : nil, mask: form.mask, memoryMask: form.memoryMask, readout: form.readout)
    let permuted = encoder(
      x.rows(order), memory: form.crossModal ? memory.rows(order) : nil, mask: form.mask?.rows(order),
      memoryMask: form.memoryMask?.rows(order), readout: form.readout)
    let real = form.readout == .all ? form.mask.map { $0.rows(order).to(.float64).unsqueezed(2) } : nil
    expectClose(
      permuted * (real ?? permuted.onesLike()), output.rows(order) * (real ?? permuted.onesLike()), relative: 1e-13)
  }

  @Test func aCausalEncoderSeesNoFuture() {
    let samples = Samples(15, .float64)
    let encoder = Form(causal: true).encoder(samples)
    let x = samples.normal(1, 6, 4)
    for length in 1...6 { expectClose(encoder(x.slice(1, 0, length)), encoder(x).slice(1, 0, length), relative: 1e-13) }
  }

  /// If a modality is missing, all steps of a sample are padding. No number becomes NaN then.
  @Test func aSampleOfPaddingAlone() {
    let samples = Samples(16, .float64)
    let encoder = Form().encoder(samples)
    let (x, memory) = (samples.leaf(2, 3, 4), samples.leaf(2, 3, 4))
    let mask = Tensor([true, true, true, false, false, false], shape: [2, 3])
    for output in [
      encoder(x, mask: mask), encoder(x, memory: memory, memoryMask: mask), encoder(x, mask: mask, readout: .last),
      encoder(x, memory: memory, mask: mask, memoryMask: mask),
    ] {
      #expect(output.isFinite)
      for gradient in output.sum().gradients(with: [x] + encoder.leaves.map(\.tensor)) {
        #expect(gradient?.isFinite == true)
      }
    }
    let absent = encoder(x, memory: memory, memoryMask: mask)
    let other = encoder(x, memory: memory * 2, memoryMask: mask)
    expectClose(absent[1], other[1], relative: 0)
  }

  @Test func keysAndNumberOfParameters() {
    let encoder = TransformerEncoder(width: 6, heads: 3, layers: 2)
    let layer = [
      "self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight", "self_attn.out_proj.bias",
      "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "layer_norms.0.weight", "layer_norms.0.bias",
      "layer_norms.1.weight", "layer_norms.1.bias",
    ]
    let keys = (0..<2).flatMap { index in layer.map { "layers.\(index).\($0)" } }
    #expect(encoder.state().map(\.key) == keys + ["layer_norm.weight", "layer_norm.bias"])
    #expect(encoder.parameterCount.total == 2 * (12 * 36 + 13 * 6) + 12)
  }
}
