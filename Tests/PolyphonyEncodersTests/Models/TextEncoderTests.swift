import PolyphonyEncoders
import Testing
import Torch

@Suite struct TextEncoderTests {
  @Test(arguments: ["bert", "bert-left", "roberta", "xlm-roberta", "distilbert", "mpnet"])
  func agreesWithTransformers(name: String) throws {
    let reference = try ReferenceEncoder(name)
    let mask = try #require(reference["mask"])
    let tokens = try #require(reference["input.input_ids"])
    let states = try reference.encoder(tokens: tokens, mask: mask, types: reference["input.token_type_ids"])
    try reference.check(states, mask: mask)
    // Without gradients, other kernels compute the layers.
    let types = reference["input.token_type_ids"]
    let fused = try noGrad { try reference.encoder(tokens: tokens, mask: mask, types: types) }
    for layer in 0...states.layerCount {
      expectClose(try fused.hidden(layer), try states.hidden(layer), relative: 1e-5, "layer \(layer) fused")
    }
  }

  /// Padding is not computed, so more of it changes nothing.
  @Test func paddingChangesNothing() throws {
    let reference = try ReferenceEncoder("bert")
    let (tokens, mask) = (try #require(reference["input.input_ids"]), try #require(reference["mask"]))
    let short = try reference.encoder(tokens: tokens, mask: mask)
    let long = try reference.encoder(tokens: tokens.padded([0, 5]), mask: mask.padded([0, 5]))
    for pooling in [Pooling.mean, .first] {
      expectClose(try long.pooled(pooling), try short.pooled(pooling), relative: 1e-6, "\(pooling)")
    }
    #expect(try long.hidden().shape == [3, 12, 16])
    #expect(try long.hidden().slice(1, 7).abs().sum().item == 0)
  }

  @Test func poolingReadsRealSteps() throws {
    let reference = try ReferenceEncoder("bert-left")
    let (tokens, mask) = (try #require(reference["input.input_ids"]), try #require(reference["mask"]))
    let states = try reference.encoder(tokens: tokens, mask: mask)
    let last = try states.hidden()
    // The first sample has five real steps, and the second has three behind two of padding.
    let first = Tensor.stacked([last.select(0, 0).select(0, 0), last.select(0, 1).select(0, 2)])
    expectClose(try states.pooled(.first), first, relative: 1e-6, "first")
    let mean = Tensor.stacked([last[0].mean(0), last[1].slice(0, 2).mean(0)])
    expectClose(try states.pooled(.mean), mean, relative: 1e-6, "mean")
    #expect(try states.pooled(.none).shape == [2, 5, 16])
  }

  @Test func aTextWithoutTokensIsZero() throws {
    let encoder = try ReferenceEncoder("bert").encoder
    let tokens = Tensor([5, 6, 7, 0, 0, 0], shape: [2, 3])
    let states = try encoder(tokens: tokens, mask: tokens .> 0)
    for pooling in [Pooling.mean, .first] {
      #expect(try states.pooled(pooling)[1].floats == [Float](repeating: 0, count: 16))
    }
    #expect(try states.pooled(.mean).isFinite)
    let empty = Tensor.zeros([2, 3], dtype: .int64)
    #expect(try encoder(tokens: empty, mask: empty .> 0).pooled(.mean).abs().sum().item == 0)
  }

  @Test func oneLayerAlone() throws {
    let encoder = try ReferenceEncoder("bert").encoder
    let tokens = Tensor([5, 6, 7, 8], shape: [1, 4])
    let (all, one) = (try encoder(tokens: tokens), try encoder(tokens: tokens, layer: -2))
    #expect(try one.hidden(-2).floats == all.hidden(1).floats)
    #expect(throws: Fault.self) { try one.hidden() }
    #expect(throws: Fault.self) { try all.hidden(3) }
    #expect(throws: Fault.self) { try encoder(tokens: tokens, layer: -4) }
  }

  @Test func refusesWhatItDoesNotKnow() throws {
    let encoder = try ReferenceEncoder("bert").encoder
    func fault(_ tokens: Tensor, mask: Tensor? = nil, types: Tensor? = nil) -> Fault? {
      #expect(throws: Fault.self) { try encoder(tokens: tokens, mask: mask, types: types) }
    }
    let tokens = Tensor([5, 6, 7, 8], shape: [1, 4])
    #expect(fault(Tensor([5, 40], shape: [1, 2]))?.found == "40")
    #expect(fault(Tensor([-1, 4], shape: [1, 2]))?.found == "-1")
    #expect(fault(.ones([1, 21], dtype: .int64))?.expected == "at most 20")
    #expect(fault(tokens, types: .full([1, 4], 3, dtype: .int64))?.key == "types")
    #expect(fault(tokens, mask: .ones([1, 5], dtype: .bool))?.key == "mask")
    #expect(fault(.ones([4], dtype: .int64))?.key == "tokens")
    #expect(fault(.ones([1, 4]))?.key == "tokens")
    #expect(throws: Fault.self) { try encoder(pixels: .zeros([1, 3, 4, 4])) }
    #expect(throws: Fault.self) { try encoder(waveform: .zeros([1, 16_000])) }
  }
}
