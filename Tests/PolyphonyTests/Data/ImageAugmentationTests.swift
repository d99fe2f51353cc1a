import Foundation
import Polyphony
import Testing
import Torch

/// Random changes of training images and their masks.
@Suite struct ImageAugmentationTests {
  /// Two images of each sample, whose mask marks where the first one is above 1.
  private static func batch(_ count: Int, side: Int = 16) -> Batch {
    let rows = Tensor.range(side).to(.float32).reshaped(1, 1, side, 1)
    let columns = Tensor.range(side).to(.float32).reshaped(1, 1, 1, side)
    let bump = (((rows - 6).pow(2) + (columns - 10).pow(2)) * -0.05).exp() * 3
    let first = bump.expanded(count, 1, side, side)
    return Batch(Inputs([first, first * 2]), target: (first.select(1, 0) .> 1).to(.int64))
  }

  @Test func aFlipExchangesLeftAndRight() {
    let batch = Self.batch(24)
    let changed = ImageAugmentation([.flip], seed: 1)(batch, indices: Array(0..<24), epoch: 0)
    var flips = 0
    for index in 0..<24 {
      let (before, after) = (batch.inputs.modalities[1][index], changed.inputs.modalities[1][index])
      let isFlipped = after[0][6].floats[5] > after[0][6].floats[10]
      if isFlipped { flips += 1 }
      let expected = isFlipped ? before.flipped(2) : before
      expectClose(after, expected, 1e-5, "sample \(index)")
      let mask = isFlipped ? batch.target[index].flipped(1) : batch.target[index]
      #expect(changed.target[index].integers == mask.integers)
    }
    #expect((6...18).contains(flips), "each sample with probability one half")
  }

  @Test func maskAndImagesMoveTogether() {
    let batch = Self.batch(16)
    let changed = ImageAugmentation([.flip, .rotate, .scale], seed: 3)(batch, indices: Array(0..<16), epoch: 2)
    #expect(changed.target.integers != batch.target.integers)
    let (first, second) = (changed.inputs.modalities[0], changed.inputs.modalities[1])
    expectClose(second, first * 2, 1e-6, "co-registered images")
    let above = (first.select(1, 0) .> 1).to(.int64)
    let unequal = zip(above.integers, changed.target.integers).count { $0 != $1 }
    let inside = changed.target.integers.reduce(0, +)
    // The nearest pixel and the interpolated value differ at the rim alone.
    #expect(Double(unequal) < 0.15 * Double(inside), "\(unequal) of \(inside)")
  }

  @Test func valuesKeepZeroMeanAndDeviation() {
    var batch = Self.batch(12)
    let inside = batch.inputs.modalities[0] .> 0.4
    batch.inputs.modalities = batch.inputs.modalities.map { $0.filled(0, where: .!inside) }
    let changed = ImageAugmentation([.gamma], seed: 5)(batch, indices: Array(0..<12), epoch: 0)
    var differing = 0
    for index in 0..<12 {
      let mask = inside[index]
      let (before, after) = (batch.inputs.modalities[0][index], changed.inputs.modalities[0][index])
      #expect(after.indexed([.!mask]).floats.allSatisfy { $0 == 0 }, "outside")
      let (old, new) = (before.indexed([mask]), after.indexed([mask]))
      #expect(abs(old.mean().item - new.mean().item) < 1e-4)
      #expect(abs(old.variance(0).item / new.variance(0).item - 1) < 1e-3)
      if (new - old).abs().sum().item > 0.1 { differing += 1 }
    }
    #expect((1...10).contains(differing), "each image with probability 0.3: \(differing)")
    #expect(changed.target.integers == batch.target.integers)
  }

  @Test func theDrawDependsOnSeedEpochAndSampleAlone() {
    let batch = Self.batch(6)
    let all = ImageAugmentation(ImageAugmentation.Change.allCases, seed: 7)
    func changed(_ indices: [Int], _ epoch: Int, _ augmentation: ImageAugmentation? = nil) -> [Float] {
      let part = Batch(batch.inputs.rows(Tensor(indices)), target: batch.target.rows(Tensor(indices)))
      return (augmentation ?? all)(part, indices: indices, epoch: epoch).inputs.modalities[0].floats
    }
    let whole = changed([0, 1, 2, 3, 4, 5], 1)
    #expect(changed([3, 4, 5], 1) == Array(whole.suffix(whole.count / 2)), "another batch")
    #expect(changed([0, 1, 2, 3, 4, 5], 2) != whole)
    #expect(changed([0, 1, 2, 3, 4, 5], 1, ImageAugmentation(ImageAugmentation.Change.allCases, seed: 8)) != whole)
  }

  @Test func aResumedRunSeesTheSameImages() throws {
    let configuration = Tiny.configuration("unet", .segmentation, modalities: 2, width: 2)
    let split = try Tiny.split(configuration, count: 6)
    var settings = Tiny.settings(epochs: 2)
    settings.augment = ImageAugmentation.Change.allCases
    func weights(stopping: Bool, _ folder: String?) throws -> [Float] {
      let model = try Tiny.model(configuration)
      let trainer = try Trainer(
        model, training: split, validation: split, settings: settings, seed: 4, folder: folder)
      _ = try trainer.run(resume: folder != nil, isStopped: { stopping })
      return model.backbone.parameters().flatMap { $0.storage.tensor!.floats }
    }
    let expected = try weights(stopping: false, nil)
    try withTemporaryFolder { folder in
      _ = try weights(stopping: true, folder)
      #expect(try weights(stopping: false, folder) == expected)
    }
  }

  @Test func otherTasksAreRefused() throws {
    let configuration = Tiny.configuration()
    let split = try Tiny.split(configuration)
    var settings = Tiny.settings()
    settings.augment = [.flip]
    let model = try Tiny.model(configuration)
    let fault = expectFault(.usage) {
      _ = try Trainer(model, training: split, validation: split, settings: settings, seed: 0)
    }
    #expect(fault?.key == "training.augment")
  }
}
