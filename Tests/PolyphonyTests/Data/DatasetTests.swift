import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Data set folders return the written content, in the order of modalities that a model needs.
@Suite struct DatasetTests {
  static func set(_ folder: String, shift: Double = 0) throws -> Dataset {
    var generator = SyntheticSentiment()
    (generator.samples, generator.shift) = (100, shift)
    try DatasetWriter.write(generator.description, try generator.make(), to: folder + "/data")
    return try Dataset(folder + "/data")
  }

  /// What one modality knows can be read off another one as far as the two are redundant.
  @Test func redundancyIsWhatModalitiesShare() throws {
    func shared(_ redundancy: Double) throws -> Double {
      var generator = SyntheticSentiment()
      (generator.samples, generator.modalities, generator.imbalance) = (1000, 2, 0)
      (generator.noise, generator.redundancy) = (0.05, redundancy)
      let split = try generator.make()[0]
      // The first step always carries the signal.
      let pair = split.inputs.modalities.map { x in
        let first = x.select(1, 0).to(.float64)
        return first - first.mean(0, keep: true)
      }
      // The share of the variance of audio that a linear map of text explains.
      let gram = pair[0].transposed().matmul(pair[0]) + Tensor.range(32).oneHot(32).to(.float64) * 1e-6
      let map = gram.solved(pair[0].transposed().matmul(pair[1]))
      return 1 - (pair[1] - pair[0].matmul(map)).squared().sum().item / pair[1].squared().sum().item
    }
    let shares = try [0, 0.5, 1].map(shared)
    #expect(
      shares[0] < 0.1 && shares[2] > 0.9 && shares[1] > shares[0] + 0.2 && shares[1] < shares[2] - 0.2, "\(shares)")
  }

  @Test func whatIsWrittenComesBack() throws {
    try withTemporaryFolder { folder in
      let dataset = try Self.set(folder)
      var generator = SyntheticSentiment()
      generator.samples = 100
      let original = try generator.make()
      #expect(dataset.splitNames == ["train", "valid", "test"])
      for split in original {
        let read = try dataset.labelled(split.name)
        expectClose(read.target, split.target!, 0, "target of \(split.name)")
        for (a, b) in zip(read.samples.inputs.modalities, split.inputs.modalities) { expectClose(a, b, 0, split.name) }
        #expect(read.samples.ids == split.ids)
      }
      #expect(try dataset.labelled("train").count == 70)
      let inspection = try DatasetInspection(dataset)
      #expect(inspection.modalities.count == 9)
      #expect(inspection.modalities.allSatisfy { $0.missing == 0 })
      #expect(inspection.labels.allSatisfy { $0.counts?.reduce(0) { $0 + $1.count } ?? 0 > 0 })
    }
  }

  @Test func aModelGetsItsModalitiesInItsOrder() throws {
    try withTemporaryFolder { folder in
      let dataset = try Self.set(folder)
      let all = dataset.description.modalities
      let wanted = ModelConfiguration(
        architecture: "late_fusion", modalities: [all[2], all[0]], task: dataset.description.task)
      let fitted = try dataset.fitted(to: wanted).unlabelled("test")
      let whole = try dataset.unlabelled("test")
      #expect(fitted.inputs.modalities.count == 2)
      expectClose(fitted.inputs.modalities[0], whole.inputs.modalities[2], 0, "vision first")
      expectClose(fitted.inputs.modalities[1], whole.inputs.modalities[0], 0, "text second")
    }
  }

  @Test func theNumeralsAreSound() throws {
    let dataset = try Dataset(try EmbeddedData.numerals())
    let inspection = try DatasetInspection(dataset)
    #expect(dataset.description.modalities.count == 6)
    let samples = inspection.labels.reduce(0) { $0 + ($1.counts?.reduce(0) { $0 + $1.count } ?? 0) }
    #expect(samples == 2000)
  }

  /// An absent sample has zeros, which are no values of the modality.
  @Test func inspectionLeavesOutAbsentSamples() throws {
    try withTemporaryFolder { folder in
      let description = DatasetDescription(
        name: "hand", task: PredictionTask(kind: .regression),
        modalities: [.vector("a", features: 2), .vector("b", features: 1)], splits: [:])
      let inputs = Inputs(
        [Tensor([1, 3, 0, 0] as [Float], shape: [2, 2]), Tensor([5, 7] as [Float], shape: [2, 1])],
        presence: Tensor([true, true, false, true], shape: [2, 2]))
      try DatasetWriter.write(description, [.init("train", inputs)], to: folder + "/hand")
      let rows = try DatasetInspection(try Dataset(folder + "/hand")).modalities
      #expect(rows.map(\.mean) == [2, 6] && rows.map(\.deviation) == [1, 1])
      #expect(rows.map(\.missing) == [0.5, 0])
    }
  }

  @Test func statisticsIgnorePaddingAndWhatIsMissing() throws {
    // Each feature has two real values. Padding (99) and a missing sample (−50) must not count. The means are 2 and 3.
    let x = Tensor([1, 2, 3, 4, 99, 99, -50, -50, -50, -50, -50, -50] as [Float], shape: [2, 3, 2])
    let inputs = Inputs([x], lengths: [Tensor([2, 3])], presence: Tensor([true, false], shape: [2, 1]))
    let split = UnlabelledSplit(name: "hand", inputs: inputs)
    let statistics = FeatureStatistics.fit(split, modality: 0, kind: .sequence)
    #expect(statistics.mean == [2, 3])
    #expect(statistics.deviation == [1, 1])
  }

  /// The sums continue over the border between two blocks of numbers.
  @Test func statisticsOfMuchAreThoseOfTheWhole() {
    let x = Tensor.normal([3001, 20, 100], generator: Generator(seed: 1)) * 3 + 2
    let lengths = (0..<3001).map { 1 + $0 % 20 }
    let split = UnlabelledSplit(name: "much", inputs: Inputs([x], lengths: [Tensor(lengths)]))
    let statistics = FeatureStatistics.fit(split, modality: 0, kind: .sequence)
    let real = Tensor.range(20).unsqueezed(0) .< Tensor(lengths).unsqueezed(1)
    let weight = real.to(.float64).unsqueezed(2)
    let rows = x.to(.float64)
    let mean = (rows * weight).sum(0, 1) / weight.sum()
    let deviation = (((rows - mean).squared() * weight).sum(0, 1) / weight.sum()).sqrt()
    expectClose(Tensor(statistics.mean), mean.to(.float32), 1e-7, "mean")
    expectClose(Tensor(statistics.deviation), deviation.to(.float32), 1e-7, "deviation")
  }

  @Test func anEpochVisitsEverySampleOnce() {
    let sampler = BatchSampler(count: 103, batchSize: 10, seed: 3)
    #expect(sampler.batchCount == 11)
    for epoch in 0..<3 { #expect(sampler.epoch(epoch).joined().sorted() == Array(0..<103)) }
    #expect(sampler.epoch(0) != sampler.epoch(1))
    #expect(sampler.epoch(1) == BatchSampler(count: 103, batchSize: 10, seed: 3).epoch(1))
    #expect(sampler.epoch(1) != BatchSampler(count: 103, batchSize: 10, seed: 4).epoch(1))
    #expect(BatchSampler(count: 5, batchSize: 2, seed: nil).epoch(7) == [[0, 1], [2, 3], [4]])
  }

  @Test(arguments: [2, 3, 7])
  func synthesizedClassesAreTheSentimentInParts(count: Int) throws {
    var generator = SyntheticSentiment()
    generator.samples = 60
    let numbers = try generator.make()
    generator.classes = count
    #expect(generator.description.task == PredictionTask(kind: .classification, classes: count))
    for (part, number) in zip(try generator.make(), numbers) {
      expectClose(part.inputs.modalities[0], number.inputs.modalities[0], 0, "the same inputs")
      let edge = 6 / Float(count)
      #expect(part.target!.integers == number.target!.floats.map { min(count - 1, Int(($0 + 3) / edge)) })
    }
    generator.classes = 1
    #expect(throws: Fault.self) { _ = try generator.make() }
  }

  /// The share of a target's variance that a ridge regression of `x` explains on the second half of the samples.
  private func explained(_ x: Tensor, _ target: [Float]) -> Double {
    let half = target.count / 2
    let y = Tensor(target).reshaped(-1, 1).to(.float64)
    let (fit, rest) = (x[0..<half].to(.float64), x[half..<2 * half].to(.float64))
    let identity = Tensor.range(x.size(1)).oneHot(x.size(1)).to(.float64)
    let gram = fit.transposed(0, 1).matmul(fit) + identity * (0.1 * Double(half))
    let error = rest.matmul(gram.solved(fit.transposed(0, 1).matmul(y[0..<half]))) - y[half..<2 * half]
    return 1 - (error * error).sum().item / (y[half..<2 * half] * y[half..<2 * half]).sum().item
  }

  @Test func aRelationIsSeenInProductsOfModalitiesAlone() throws {
    var generator = SyntheticSentiment()
    (generator.samples, generator.imbalance, generator.noise) = (6000, 0, 0.1)
    func products(_ a: Tensor, _ b: Tensor) -> Tensor { (a.unsqueezed(2) * b.unsqueezed(1)).flattened(1, 2) * 10 }
    for (relation, alone, combined) in [(0.0, 0.4..<1, -1.0..<0.3), (1.0, -0.1..<0.1, 0.3..<1)] {
      generator.relation = relation
      let split = try generator.make()[0]
      let means = split.inputs.modalities.map { $0.mean(1) }
      let target = split.target!.floats
      #expect(alone.contains(explained(.concatenated(means, 1), target)), "\(relation)")
      #expect(combined.contains(explained(products(means[0], means[1]), target)), "\(relation)")
      // A single modality, or a pair without text or audio, must not explain the target.
      for (one, other) in [(0, 0), (1, 1), (2, 2), (0, 2), (1, 2)] where relation == 1 {
        #expect(explained(products(means[one], means[other]), target) < 0.1, "\(one) and \(other)")
      }
    }
    generator.relation = 1.5
    #expect(throws: Fault.self) { _ = try generator.make() }
  }

  @Test func alignedProductsAreSeenStepByStepAlone() throws {
    var generator = SyntheticAlignment(samples: 6000, share: 1, noise: 0.1)
    for (share, additive, products) in [(0.0, 0.9..<1, -1.0..<0.1), (1.0, -0.1..<0.1, 0.9..<1)] {
      generator.share = share
      let split = try generator.make()[0]
      let target = split.target!.floats
      let (text, audio) = (split.inputs.modalities[0], split.inputs.modalities[1])
      #expect(additive.contains(explained(.concatenated([text.mean(1), audio.mean(1)], 1), target)), "\(share)")
      // The sum over the steps of all products of two features of the same step.
      let sums = Tensor.einsum("nla,nlb->nab", text, audio).flattened(1, 2)
      #expect(products.contains(explained(sums, target)), "\(share)")
      let shifted = Tensor.einsum("nla,nlb->nab", text.slice(1, 1), audio.slice(1, 0, 11)).flattened(1, 2)
      #expect(explained(shifted, target) < 0.1, "products of other steps")
      let deviation = split.target!.squared().mean().item.squareRoot()
      #expect(abs(deviation - 1) < 0.05, "the target has variance 1")
    }
  }

  @Test func aModalityAloneIsItsOwnTarget() throws {
    var generator = SyntheticAlignment(samples: 2000, modalities: 3, noise: 0)
    let whole = try generator.make()[0]
    #expect(generator.description.modalities.map(\.name) == ["text", "audio", "vision"])
    for index in 0..<3 {
      generator.alone = index
      let (split, again) = (try generator.make()[0], try generator.make()[0])
      #expect(split.target!.floats == again.target!.floats, "everything follows from the seed")
      #expect(split.target!.floats != whole.target!.floats)
      for (modality, x) in split.inputs.modalities.enumerated() {
        let range = modality == index ? 0.9..<1.001 : -1..<0.1
        #expect(range.contains(explained(x.mean(1), split.target!.floats)), "\(modality) for \(index)")
      }
    }
    for wrong in [
      SyntheticAlignment(samples: 19), SyntheticAlignment(modalities: 1), SyntheticAlignment(share: 1.1),
      SyntheticAlignment(noise: -1), SyntheticAlignment(alone: 2),
    ] {
      #expect(throws: Fault.self) { _ = try wrong.make() }
    }
  }

  @Test func synthesisFollowsFromItsSeed() throws {
    var generator = SyntheticSentiment()
    generator.samples = 40
    let (one, two) = (try generator.make()[0], try generator.make()[0])
    expectClose(one.inputs.modalities[1], two.inputs.modalities[1], 0, "the same seed")
    generator.seed = 1
    #expect(try generator.make()[0].inputs.modalities[1].floats != one.inputs.modalities[1].floats)
    for target in try generator.make().map({ $0.target!.floats }) { #expect(target.allSatisfy { abs($0) <= 3 }) }
    #expect(throws: Fault.self) {
      generator.imbalance = 2
      _ = try generator.make()
    }
  }
}
