import Polyphony
import Testing
import Torch

/// The fusion agrees with its definition, the outer product of everything with a weight tensor.
@Suite struct LowRankSequenceFusionTests {
  struct Sizes: Sendable, CustomTestStringConvertible {
    var modalities: Int
    var featureRank: Int
    var tokenRank: Int
    var constant: Bool
    var testDescription: String { "M \(modalities), R_d \(featureRank), R_t \(tokenRank), constant \(constant)" }

    static let all = (1...4).flatMap { m in
      (1...3).flatMap { d in
        (1...3).flatMap { t in [false, true].map { Sizes(modalities: m, featureRank: d, tokenRank: t, constant: $0) } }
      }
    }
  }

  /// Lengths for which each of the two orders is the faster one.
  static let lengths = [2, 1, 3, 1]
  static let (r, d, steps, batch) = (2, 3, 2, 2)

  static func fusion(_ sizes: Sizes, zeroStart: Int? = nil) -> LowRankSequenceFusion {
    Libtorch.seed(11)
    let fusion = LowRankSequenceFusion(
      lengths: Array(lengths.prefix(sizes.modalities)),
      ContractionCost(
        bottleneck: r, width: d, featureRank: sizes.featureRank, tokenRank: sizes.tokenRank, steps: steps),
      constant: sizes.constant, zeroStart: zeroStart)
    fusion.move(to: .cpu, dtype: .float64)
    return fusion
  }

  static func bottlenecks(_ count: Int) -> [Tokens] {
    lengths.prefix(count).map { Tokens(.normal([batch, $0, r], dtype: .float64)) }
  }

  /// ⟨W[t, c], z̃_1 ⊗ … ⊗ z̃_M⟩ with W[t, c] = Σ_kj ⊗_m (V_m^{(k)}[t] ⊗ U_m^{(j)}[:, c]), both in full.
  static func outerProduct(_ fusion: LowRankSequenceFusion, _ z: [Tokens], _ sizes: Sizes) -> Tensor {
    var result = [Double](repeating: 0, count: batch * steps * d)
    let features = fusion.features.map { ($0.values.doubles, $0.values.size(1)) }
    let tokens = fusion.tokens.map { ($0.values.doubles, $0.values.size(2)) }
    let constants = fusion.constants.map { $0.values.doubles }
    for t in 0..<steps {
      for c in 0..<d {
        var weight: [Double] = []
        for k in 0..<sizes.tokenRank {
          for j in 0..<sizes.featureRank {
            var outer = [1.0]
            for m in z.indices {
              let (u, rows) = features[m]
              let (v, length) = tokens[m]
              func feature(_ i: Int) -> Double { u[(j * rows + i) * d + c] }
              var vector = (0..<length).flatMap { l in (0..<r).map { v[(k * steps + t) * length + l] * feature($0) } }
              if sizes.constant { vector.append(constants[m][k * steps + t] * feature(r)) }
              outer = outer.flatMap { left in vector.map { left * $0 } }
            }
            weight = weight.isEmpty ? outer : zip(weight, outer).map { $0 + $1 }
          }
        }
        for b in 0..<batch {
          var outer = [1.0]
          for tokens in z {
            let vector = tokens.values[b].doubles + (sizes.constant ? [1] : [])
            outer = outer.flatMap { left in vector.map { left * $0 } }
          }
          result[(b * steps + t) * d + c] = zip(weight, outer).reduce(0) { $0 + $1.0 * $1.1 }
        }
      }
    }
    return Tensor(result, shape: [batch, steps, d])
  }

  @Test(arguments: Sizes.all) func equalsTheExplicitOuterProduct(sizes: Sizes) {
    let fusion = Self.fusion(sizes)
    let z = Self.bottlenecks(sizes.modalities)
    expectClose(fusion.product(z), Self.outerProduct(fusion, z, sizes), 1e-12, "F")
  }

  @Test(arguments: [1, 2, 3]) func gradientsMatchFiniteDifferences(modalities: Int) {
    let sizes = Sizes(modalities: modalities, featureRank: 2, tokenRank: 2, constant: true)
    let fusion = Self.fusion(sizes)
    let inputs = Self.lengths.prefix(modalities).map {
      Tensor.normal([Self.batch, $0, Self.d], dtype: .float64).requiringGradient()
    }
    let present = (0..<modalities).map { $0 == 1 ? Tensor([true, false]) : nil }
    let weights = Tensor.normal([Self.batch, Self.steps, Self.d], dtype: .float64)
    func loss() -> Tensor {
      (fusion.fuse(inputs.map { Tokens($0) }, present: present, limit: nil) * weights).sum()
    }
    loss().backward()
    let named = fusion.parameters().map { ($0.key, $0.storage.tensor!) } + inputs.enumerated().map { ("h\($0)", $1) }
    for (key, tensor) in named {
      let gradient = tensor.gradient
      let numeric = noGrad {
        (0..<tensor.count).map { index -> Double in
          let element = tensor.detached().flattened().slice(0, index, index + 1)
          element.addInPlace(Tensor([1.0]), scale: 1e-5)
          let above = loss().item
          element.addInPlace(Tensor([1.0]), scale: -2e-5)
          let below = loss().item
          element.addInPlace(Tensor([1.0]), scale: 1e-5)
          return (above - below) / 2e-5
        }
      }
      guard let gradient else {
        Issue.record("no gradient for \(key)")
        continue
      }
      expectClose(gradient, Tensor(numeric, shape: tensor.shape), 1e-7, "gradient of \(key)")
    }
  }

  /// The form that recomputes pieces agrees with libtorch's own operators, with presence. The pieces are of three
  /// samples, and of one token rank of one sample.
  @Test(arguments: [false, true], [40, 600]) func piecesEqualTheWhole(batchOnTheLeft: Bool, ranks: Int) {
    let (batch, inner, columns) = (5, 4, 900)
    func operand(_ shape: [Int], _ hasBatch: Bool) -> Tensor {
      (Tensor.normal(hasBatch ? [batch] + shape : shape, dtype: .float64) * 0.3).requiringGradient()
    }
    let left = (0..<3).map { operand([ranks, inner], $0 == 1 ? !batchOnTheLeft : batchOnTheLeft) }
    let right = (0..<3).map { operand([inner, columns], $0 == 1 ? batchOnTheLeft : !batchOnTheLeft) }
    let present = [nil, Tensor([true, false, true, true, false]), Tensor([true, true, false, true, false])]
    func run(fused: Bool) -> (Tensor, [Tensor]) {
      let value = RankProducts.sum(
        left: left, right: right, present: present, tokenRanks: 4, featureRanks: 9, fused: fused)
      return (value, (value * value).sum().gradients(with: left + right).map { $0! })
    }
    let (pieces, whole) = (run(fused: true), run(fused: false))
    expectClose(pieces.0, whole.0, 1e-12, "value")
    for (index, pair) in zip(pieces.1, whole.1).enumerated() { expectClose(pair.0, pair.1, 1e-12, "gradient \(index)") }
  }

  @Test(arguments: [false, true]) func anAbsentModalityIsLeftOutOfTheProduct(constant: Bool) throws {
    let three = Sizes(modalities: 3, featureRank: 2, tokenRank: 3, constant: constant)
    let fusion = Self.fusion(three)
    let z = Self.bottlenecks(3)
    let found = fusion.product(z, present: [nil, Tensor([false, true]), nil])
    let without = LowRankSequenceFusion(
      lengths: [Self.lengths[0], Self.lengths[2]], fusion.cost, constant: constant, zeroStart: nil)
    without.move(to: .cpu, dtype: .float64)
    for (own, index) in [(0, 0), (1, 2)] {
      without.features[own].values = fusion.features[index].values.detached()
      without.tokens[own].values = fusion.tokens[index].values.detached()
      if constant { without.constants[own].values = fusion.constants[index].values.detached() }
    }
    expectClose(found[0], without.product([z[0], z[2]])[0], 1e-12, "the sample without the second modality")
    expectClose(found[1], fusion.product(z)[1], 1e-12, "the sample with all")
  }

  @Test(arguments: [false, true]) func paddingHasNoWeight(constant: Bool) {
    let fusion = Self.fusion(Sizes(modalities: 3, featureRank: 2, tokenRank: 2, constant: constant))
    var z = Self.bottlenecks(3)
    let real = [[2, 1], [1, 1], [1, 3]]
    for index in z.indices {
      z[index].mask =
        Tensor.range(z[index].length).unsqueezed(0) .< Tensor(real[index]).unsqueezed(1)
    }
    let padded = fusion.product(z)
    for sample in 0..<Self.batch {
      let alone = z.enumerated().map { Tokens($1.values.slice(0, sample, sample + 1).slice(1, 0, real[$0][sample])) }
      expectClose(padded.slice(0, sample, sample + 1), fusion.product(alone), 1e-12, "sample \(sample) alone")
    }
  }

  @Test func stepsBeyondTheFactorsAreNotSeen() {
    let fusion = Self.fusion(Sizes(modalities: 2, featureRank: 1, tokenRank: 1, constant: false))
    let z = Self.bottlenecks(2)
    let longer = z.map { Tokens($0.values.padded([0, 0, 0, 2], value: 5)) }
    expectClose(fusion.product(longer), fusion.product(z), 1e-12, "F")
  }
}
