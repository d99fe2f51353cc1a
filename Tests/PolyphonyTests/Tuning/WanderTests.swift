import Polyphony
import Testing
import Torch

/// The claims of the published method, and the differences of its released code.
@Suite struct WanderTests {
  private func model(_ architecture: String, modalities: [Modality], width: Int = 8) throws -> MultimodalModel {
    Libtorch.seed(3)
    return try MultimodalModel(
      ModelConfiguration(
        architecture: architecture, modalities: modalities, task: .init(kind: .regression), width: width, heads: 2,
        layers: 2, dropout: .init()))
  }

  @Test func countsTheParametersOfThePublishedSetting() throws {
    let names = ["text", "audio", "vision"]
    let published = "steps: 16, constant: false, train_head: false"
    let mosi = try model(
      "late_fusion", modalities: zip(names, [768, 74, 35]).map { .sequence($0, features: $1, length: 50) }, width: 40)
    _ = try TuningCase("wander", published).install(on: mosi)
    #expect(mosi.parameterCount.trainable == 46_128)

    let unaligned = try model(
      "late_fusion", modalities: zip(names, [50, 375, 500]).map { .sequence($0, features: 4, length: $1) }, width: 40)
    _ = try TuningCase("wander", published).install(on: unaligned)
    #expect(unaligned.parameterCount.trainable == 194_928)
  }

  @Test func aConstantAddsItsFactors() throws {
    let modalities = [Modality.sequence("a", features: 3, length: 5), .sequence("b", features: 3, length: 7)]
    let model = try model("late_fusion", modalities: modalities)
    _ = try TuningCase("wander", "train_head: false, " + TuningCase.withConstant).install(on: model)
    // M(d·r + r) + M·R_d·(r + 1)·d + R_t·T·ΣL_m + M·R_t·T
    #expect(model.parameterCount.trainable == 2 * (8 * 4 + 4) + 2 * 2 * 5 * 8 + 3 * 2 * 12 + 2 * 3 * 2)
  }

  @Test func multiplyAddsAreLinearInModalities() {
    let cost = ContractionCost(bottleneck: 16, width: 40, featureRank: 8, tokenRank: 12, steps: 16)
    let totals = (1...7).map { cost.total(Array(repeating: 50, count: $0)) }
    #expect(Set(zip(totals, totals.dropFirst()).map { $1 - $0 }).count == 1)
    #expect(totals[0] * 7 == totals[6])
  }

  @Test func theCheaperSideIsContractedFirst() {
    let food = ContractionCost(bottleneck: 64, width: 768, featureRank: 1, tokenRank: 1, steps: 64)
    #expect([197, 50].map(food.tokensFirst).reduce(0, +) == 7_303_168)
    #expect([197, 50].map(food.featuresFirst).reduce(0, +) == 24_281_088)
    #expect(food.prefersTokensFirst(197))
    let vector = ContractionCost(bottleneck: 16, width: 40, featureRank: 8, tokenRank: 12, steps: 16)
    #expect(!vector.prefersTokensFirst(1))
    #expect(vector.prefersTokensFirst(50))
  }

  /// As released, every token factor starts at zero. Ours start at zero in one modality alone.
  @Test func asReleasedNothingWouldEverLearn() throws {
    func gradients(allZero: Bool) throws -> [String: Double] {
      Libtorch.seed(5)
      let cost = ContractionCost(bottleneck: 3, width: 4, featureRank: 2, tokenRank: 2, steps: 2)
      let fusion = LowRankSequenceFusion(lengths: [3, 4, 2], cost, zeroStart: 0)
      if allZero { for factor in fusion.tokens { factor.values = factor.values.detached().zerosLike() } }
      let h = [3, 4, 2].map { Tokens(.normal([5, $0, 4])) }
      let target = Tensor.normal([5, 2, 4])
      let optimizer = SGD([ParameterGroup("all", fusion.trainableParameters(), learningRate: 0.1)], momentum: 0)
      var largest: [String: Double] = [:]
      for step in 0..<2 {
        optimizer.zeroGradients()
        let fused = fusion.fuse(h, present: [nil, nil, nil], limit: nil)
        if step == 0 { #expect(fused.abs().maximum().item == 0) }
        (fused - target).squared().sum().backward()
        for (key, stored) in fusion.parameters() {
          largest[key] = max(largest[key] ?? 0, stored.tensor!.gradient!.abs().maximum().item)
        }
        optimizer.step()
      }
      return largest
    }
    #expect(try gradients(allZero: true).values.allSatisfy { $0 == 0 })
    #expect(try gradients(allZero: false).values.allSatisfy { $0 > 0 })
  }

  /// With factors below 1 a product of seven vanishes, and so does the gradient of the factor that starts at zero.
  /// Factors of 1 + V z U avoid that.
  @Test func aConstantKeepsTheGradientsOfManyModalities() {
    func gradient(constant: Bool) -> Double {
      Libtorch.seed(1)
      let cost = ContractionCost(bottleneck: 8, width: 16, featureRank: 4, tokenRank: 4, steps: 1)
      let fusion = LowRankSequenceFusion(lengths: Array(repeating: 6, count: 7), cost, constant: constant, zeroStart: 0)
      let h = (0..<7).map { _ in Tokens(.normal([4, 6, 16])) }
      fusion.fuse(h, present: h.map { _ in nil }, limit: nil).squaredError(Tensor.ones([4, 1, 16])).backward()
      return fusion.tokens[0].values.gradient?.abs().mean().item ?? 0
    }
    #expect(gradient(constant: true) > 10 * gradient(constant: false))
  }

  /// Without the first modality, whose factors start at zero, the fused step is not zero. It must still be small.
  @Test func withoutTheFirstModalityTheStartIsSmall() {
    Libtorch.seed(2)
    let cost = ContractionCost(bottleneck: 16, width: 40, featureRank: 8, tokenRank: 12, steps: 1)
    let fusion = LowRankSequenceFusion(lengths: [5, 5, 5], cost, constant: true, zeroStart: 0)
    let h = (0..<3).map { _ in Tokens(.normal([8, 5, 40])) }
    let absent = Tensor([Bool](repeating: false, count: 8))
    let fused = fusion.fuse(h, present: [absent, nil, nil], limit: nil)
    #expect(fused.squared().mean().item < 100)
  }

  enum Form: String, CaseIterable { case productFirst, sumFirst }

  /// F(e_i, e_j) = δ_ij has rank 2. Any form of rank 1 misses a quarter of the squares (Eckart–Young).
  private func fit(_ form: Form, featureRank: Int, tokenRank: Int, overTokens: Bool) -> Double {
    let (length, r) = overTokens ? (2, 1) : (1, 2)
    let cost = ContractionCost(bottleneck: r, width: 1, featureRank: featureRank, tokenRank: tokenRank, steps: 1)
    let fusion = LowRankSequenceFusion(lengths: [length, length], cost, zeroStart: nil)
    fusion.freeze { $0.hasPrefix("down") }
    // Tests run in parallel, so draws from libtorch's own generator differ from run to run.
    let generator = Generator(seed: 9)
    for factor in fusion.features + fusion.tokens {
      factor.values = .normal(factor.values.shape, generator: generator)
    }
    let basis = Tensor([1, 0, 0, 1], shape: [2, 2]).to(.float32)
    let z = [[0, 0, 1, 1], [0, 1, 0, 1]].map { Tokens(basis.rows(Tensor($0)).reshaped(4, length, r)) }
    let target = Tensor([1, 0, 0, 1], shape: [4, 1, 1]).to(.float32)
    func value() -> Tensor {
      guard form == .sumFirst else { return fusion.product(z) }
      let factors = z.indices.map {
        fusion.tokens[$0].values.sum(0).matmul(z[$0].values).matmul(fusion.features[$0].values.sum(0))
      }
      return factors[0] * factors[1]
    }
    let optimizer = Adam([ParameterGroup("all", fusion.trainableParameters(), learningRate: 0.03)])
    for _ in 0..<400 {
      optimizer.zeroGradients()
      value().squaredError(target).backward()
      optimizer.step()
    }
    return value().squaredError(target).item
  }

  @Test(arguments: [false, true]) func rankIsReal(overTokens: Bool) {
    let (d, t) = overTokens ? (1, 2) : (2, 1)
    #expect(fit(.productFirst, featureRank: d, tokenRank: t, overTokens: overTokens) < 1e-4, "rank 2")
    #expect(fit(.productFirst, featureRank: 1, tokenRank: 1, overTokens: overTokens) > 0.2499, "rank 1")
    #expect(fit(.sumFirst, featureRank: d, tokenRank: t, overTokens: overTokens) > 0.2499, "rank 2, summed first")
  }

  /// Each modality keeps its own residual, and the fused step is added to every step of the read-out.
  @Test(arguments: ["late_fusion", "mult"]) func theFusedStepIsAddedToEveryModality(architecture: String) throws {
    let modalities = [Modality.sequence("a", features: 3, length: 5), .vector("b", features: 6)]
    let model = try model(architecture, modalities: modalities)
    model.backbone.move(to: .cpu, dtype: .float64)
    let inputs = Inputs([.normal([3, 5, 3], dtype: .float64), .normal([3, 6], dtype: .float64)])
    let before = model(inputs).representation
    _ = try TuningCase("wander", TuningCase.small).install(on: model)
    scatter(model)
    let added = model(inputs).representation - before
    #expect(added.abs().maximum().item > 0)
    let parts = added.split([added.size(1) / 2, added.size(1) / 2], 1)
    expectClose(parts[0], parts[1], 1e-9, "what is added to the two modalities")
  }

  @Test(arguments: TuningCase.backbones) func anyNumberOfModalities(architecture: String) throws {
    for count in [1, 2, 5, 7] {
      let modalities = (0..<count).map { index -> Modality in
        index % 2 == 0 ? .sequence("m\(index)", features: 3, length: 2 + index) : .vector("m\(index)", features: 4)
      }
      for placement in ["last", "every"] {
        let model = try model(architecture, modalities: modalities, width: 4)
        let inputs = Inputs(modalities.map { .normal([2] + $0.sampleShape) })
        let before = model(inputs).prediction
        _ = try TuningCase("wander", TuningCase.small + ", placement: \(placement)").install(on: model)
        expectClose(model(inputs).prediction, before, 1e-5, "\(count) modalities, \(placement)")
        scatter(model)
        #expect(model(inputs).prediction.isFinite)
      }
    }
  }
}
