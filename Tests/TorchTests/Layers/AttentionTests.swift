import Testing
import Torch

@Suite struct AttentionTests {
  // The tolerance 2e-6 is that of four chained products and a softmax in f32.
  @Test(arguments: Fixture("attention").cases)
  func agreesWithPyTorch(fixture: FixtureCase) {
    let layer = MultiHeadAttention(width: 8, heads: fixture.integer("heads")!)
    (layer.inWeight, layer.inBias) = (fixture["in_proj_weight"], fixture["in_proj_bias"])
    let out = layer.outProjection
    (out.weight, out.bias) = (fixture["out_proj.weight"], fixture["out_proj.bias"])
    let query = fixture.leaf("query")!
    let (key, value) = (fixture.leaf("key"), fixture.leaf("value"))
    let mask = fixture.has("padding") ? .!fixture["padding"] : nil
    let causal = fixture.has("mask")
    // The layer takes keys and values from one source. Cases with two sources go through `joined`.
    guard let key, let value else {
      fixture.check(
        layer(query, memory: query, mask: mask, causal: causal),
        [
          "query": query, "in_proj_weight": layer.inWeight, "in_proj_bias": layer.inBias, "out_proj.weight": out.weight,
          "out_proj.bias": out.bias,
        ], values: 2e-6)
      return
    }
    fixture.check(
      joined(layer, query, key, value, mask: mask, causal: causal),
      [
        "query": query, "key": key, "value": value, "in_proj_weight": layer.inWeight, "in_proj_bias": layer.inBias,
        "out_proj.weight": out.weight, "out_proj.bias": out.bias,
      ], values: 2e-6)
  }

  /// Computes attention with keys and values of different sources, by a layer of twice the width.
  ///
  /// The layer's memory is `[key | value]`, and each projection takes its half.
  private func joined(
    _ layer: MultiHeadAttention, _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor?, causal: Bool
  ) -> Tensor {
    let (width, wide) = (query.size(-1), MultiHeadAttention(width: 2 * query.size(-1), heads: 2 * layer.heads))
    let weights = layer.inWeight.split([width, width, width])
    let biases = layer.inBias.split([width, width, width])
    func rows(_ weight: Tensor, _ side: Int) -> Tensor {
      weight.padded(side == 0 ? [0, width, 0, width] : [width, 0, 0, width])
    }
    wide.$inWeight.tensor = .concatenated([rows(weights[0], 0), rows(weights[1], 0), rows(weights[2], 1)])
    wide.$inBias.tensor = .concatenated(biases.map { $0.padded([0, width]) })
    wide.outProjection.$weight.tensor = layer.outProjection.weight.padded([0, width, 0, width])
    wide.outProjection.$bias.tensor = layer.outProjection.bias!.padded([0, width])
    let queries = query.padded([0, width])
    return wide(queries, memory: .concatenated([key, value], -1), mask: mask, causal: causal).slice(2, 0, width)
  }

  private func layer(_ samples: Samples, width: Int = 4, heads: Int = 2) -> MultiHeadAttention {
    let layer = MultiHeadAttention(width: width, heads: heads)
    samples.fill(layer)
    return layer
  }

  /// The heads give zeros, so that the output is the bias of the output projection.
  @Test(arguments: [false, true])
  func aSampleWithoutAnyStepAttendsToNothing(causal: Bool) {
    let samples = Samples(5, .float64)
    let layer = layer(samples)
    let (queries, memory) = (samples.leaf(2, 3, 4), samples.leaf(2, 3, 4))
    let mask = Tensor([true, true, false, false, false, false], shape: [2, 3])
    let output = layer(queries, memory: memory, mask: mask, causal: causal)
    expectClose(output[1], layer.outProjection.bias!.unsqueezed(0).expanded(3, 4), relative: 0)
    let alone = layer(queries[0..<1], memory: memory[0..<1, 0..<2], causal: false)
    if !causal { expectClose(output[0..<1], alone, relative: 1e-12) }
    let gradients = output.squared().sum().gradients(with: [queries, memory] + layer.leaves.map(\.tensor))
    for gradient in gradients { #expect(gradient?.isFinite == true) }
    #expect(gradients[0]?[1].norm().item == 0)
    #expect(gradients[1]?[1].norm().item == 0)
    #expect(gradients[1]?[0][2].norm().item == 0, "a masked step gets no gradient")
  }

  /// Query i sees key j only where j ≤ i + |L − S|.
  @Test(arguments: [(4, 4), (2, 5), (5, 2), (1, 3)])
  func causalQueriesSeeNoFuture(length: Int, steps: Int) {
    let samples = Samples(6, .float64)
    let layer = layer(samples)
    let (queries, memory) = (samples.normal(1, length, 4), samples.normal(1, steps, 4))
    let output = layer(queries, memory: memory, causal: true)
    for step in 0..<steps {
      let changed = memory.copy()
      changed.select(1, step).fillInPlace(3)
      let difference = (layer(queries, memory: changed, causal: true) - output).norm(0, 2).doubles
      for query in 0..<length {
        #expect((difference[query] > 0) == (step <= query + abs(length - steps)), "query \(query), key \(step)")
      }
    }
  }

  @Test func aPrefixIsSeenByEveryQuery() {
    let samples = Samples(7, .float64)
    let layer = layer(samples)
    let (x, keys, values) = (samples.leaf(2, 3, 4), samples.leaf(2, 2, 4), samples.leaf(2, 2, 4))
    let mask = Tensor([true, true, true, false, false, false], shape: [2, 3])
    let output = layer(x, memory: x, mask: mask, causal: true, prefix: (keys, values))
    let none = layer(
      x, memory: x, causal: true, prefix: (.zeros([2, 0, 4], dtype: .float64), .zeros([2, 0, 4], dtype: .float64)))
    expectClose(none, layer(x, memory: x, causal: true), relative: 1e-12)
    // A sample with only padding attends to the prefix.
    let prefixOnly = layer(x, memory: x[0..<2, 0..<0], prefix: (keys, values))
    expectClose(output[1], prefixOnly[1], relative: 1e-12)
    let probe = samples.normal(2, 3, 4)
    expectGradients(of: layer.leaves + [("x", x), ("keys", keys), ("values", values)]) {
      (layer(x, memory: x, mask: mask, causal: true, prefix: (keys, values)) * probe).sum()
    }
  }

  @Test func keysAndNumberOfParameters() {
    let layer = MultiHeadAttention(width: 6, heads: 3)
    #expect(layer.state().map(\.key) == ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"])
    #expect(layer.state().map(\.tensor.shape) == [[18, 6], [18], [6, 6], [6]])
    #expect(layer.inBias.norm().item == 0)
    #expect(layer.inWeight.abs().maximum().item <= 0.5)  // √(6 / 24)
  }
}

extension Tensor {
  /// A view of ranges along the first two dimensions.
  fileprivate subscript(first: Range<Int>, second: Range<Int>) -> Tensor {
    self[first].slice(1, second.lowerBound, second.upperBound)
  }
}
