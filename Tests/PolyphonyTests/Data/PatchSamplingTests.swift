import Testing
import Torch

@testable import Polyphony

/// Random patches of images and masks, and the training with them.
@Suite struct PatchSamplingTests {
  /// Images of 12 × 20 pixels whose values are their places, and masks with one pixel of class 2 and three of class 1.
  private static func split(_ count: Int, empty: Int? = nil) -> LabelledSplit {
    let places = Tensor.range(240).to(.float32).reshaped(1, 1, 12, 20)
    let images = places.expanded(count, 1, 12, 20).contiguous()
    var classes = Array(repeating: 0, count: count * 240)
    for sample in 0..<count where sample != empty {
      classes[sample * 240 + 11 * 20 + 19] = 2
      for column in 0..<3 { classes[sample * 240 + 5 * 20 + column] = 1 }
    }
    let target = Tensor(classes, shape: [count, 12, 20])
    return LabelledSplit(samples: .init(name: "train", inputs: Inputs([images, images * 2])), target: target)
  }

  @Test func imagesAndMaskAreCutAlike() {
    let split = Self.split(8)
    let batch = PatchSampling([4, 6], seed: 1).batch(of: split, [2, 5, 7], epoch: 0)
    #expect(batch.inputs.modalities.map(\.shape) == [[3, 1, 4, 6], [3, 1, 4, 6]] && batch.target.shape == [3, 4, 6])
    for sample in 0..<3 {
      let places = batch.inputs.modalities[0][sample].floats.map(Int.init)
      let (row, column) = (places[0] / 20, places[0] % 20)
      #expect(places == (0..<24).map { (row + $0 / 6) * 20 + column + $0 % 6 }, "one rectangle of the image")
      let mask = Patch(origin: [row, column], size: [4, 6]).part(of: split.target[0])
      #expect(batch.target[sample].integers == mask.integers)
      expectClose(batch.inputs.modalities[1][sample], batch.inputs.modalities[0][sample] * 2, 0, "both images")
    }
  }

  @Test func theShareOfForegroundIsCertain() {
    let split = Self.split(1)
    func counts(_ foreground: Double) -> (lesions: Int, classes: [Int]) {
      let patches = PatchSampling([3, 3], foreground: foreground, seed: 3)
      let masks = (0..<200).map { patches.patch(in: split.target[0], index: $0, epoch: 0).part(of: split.target[0]) }
      let classes = masks.map { $0.maximum().item }
      return (classes.count { $0 > 0 }, [1, 2].map { label in classes.count { $0 == label } })
    }
    let (all, some, none) = (counts(1), counts(0.33), counts(0))
    #expect(all.lesions == 200 && all.classes.allSatisfy { $0 > 70 }, "each class is as likely: \(all)")
    #expect((50...110).contains(some.lesions) && none.lesions < 40, "\(some), \(none)")
    // A mask without foreground takes any patch, and a patch of the image's size is the image.
    let empty = Self.split(2, empty: 1).target[1]
    #expect(PatchSampling([3, 3], foreground: 1, seed: 0).patch(in: empty, index: 0, epoch: 0).size == [3, 3])
    #expect(PatchSampling([12, 20], foreground: 1, seed: 0).patch(in: empty, index: 0, epoch: 0).origin == [0, 0])
  }

  @Test func theDrawDependsOnSeedEpochAndSampleAlone() {
    let split = Self.split(40)
    func origins(_ indices: [Int], epoch: Int, seed: UInt64 = 7) -> [Float] {
      let batch = PatchSampling([4, 4], seed: seed).batch(of: split, indices, epoch: epoch)
      return (0..<indices.count).map { batch.inputs.modalities[0][$0].floats[0] }
    }
    let whole = origins(Array(0..<40), epoch: 1)
    #expect(origins([30, 31], epoch: 1) == Array(whole[30..<32]), "a part of the batch")
    #expect(origins(Array(0..<40), epoch: 2) != whole && origins(Array(0..<40), epoch: 1, seed: 8) != whole)
    #expect(Set(whole).count > 20)
    // Forty numbers of eight samples are five patches of each.
    let few = split.subset(Array(0..<8))
    let batch = PatchSampling([4, 4], perSample: 5, seed: 7).batch(of: few, Array(0..<40), epoch: 1)
    #expect((0..<40).map { batch.inputs.modalities[0][$0].floats[0] } == whole)
  }

  @Test func aResumedRunAndADividedBatchSeeTheSamePatches() throws {
    var configuration = Tiny.configuration("unet", .segmentation, modalities: 2, width: 2)
    let split = try Tiny.split(configuration, count: 6)
    for index in 0..<2 { configuration.modalities[index].extent = [16, 24] }
    var settings = Tiny.settings(epochs: 2, optimizer: .sgd)
    (settings.augment, settings.patch, settings.foreground) = ([.flip], [16, 24], 0.5)
    func weights(stopping: Bool = false, accumulate: Int = 1, _ folder: String? = nil) throws -> Tensor {
      let model = try Tiny.model(configuration)
      // The mean of parts is that of the batch only if all pixels count alike.
      (settings.accumulate, settings.loss) = (accumulate, .crossEntropy)
      settings.classWeights = .given([1, 1, 1, 1])
      // The parts of a batch leave marks in the random stream, which other tests must not see.
      try ownRandomNumbers {
        let trainer = try Trainer(
          model, training: split, validation: split, settings: settings, seed: 4, folder: folder)
        _ = try trainer.run(resume: folder != nil, isStopped: { stopping })
      }
      return .concatenated(model.backbone.parameters().map { $0.storage.tensor!.flattened() })
    }
    let expected = try weights()
    try withTemporaryFolder { folder in
      _ = try weights(stopping: true, folder)
      #expect(try weights(folder).floats == expected.floats)
    }
    expectClose(try weights(accumulate: 2), expected, 1e-5, "a batch in two parts")
  }

  /// The recipe's section `training` for images of 12 × 20 pixels.
  private static func configuration(_ training: String) throws(Fault) -> ModelConfiguration {
    let tree = try SettingsTree(yaml: "{model: {architecture: unet, layers: 2}, training: \(training)}", file: "test")
    let recipe = try SettingsReader.read(tree) { (reader) throws(Fault) in try TrainingRecipe(reader) }.value
    let samples = split(4).samples
    let description = DatasetDescription(
      name: "test", task: PredictionTask(kind: .segmentation, classes: 3),
      modalities: ["flair", "t1"].map { .image($0, channels: 1, height: 12, width: 20) })
    return try recipe.configuration(for: description, samples)
  }

  @Test func theModelHasThePatchsSize() throws {
    #expect(try Self.configuration("{patch: [8, 12]}").modalities.map(\.extent) == [[8, 12], [8, 12]])
    #expect(try Self.configuration("{patch: [12, 20]}").modalities.map(\.extent) == [[12, 20], [12, 20]])
    #expect(try Self.configuration("{}").modalities.map(\.extent) == [[12, 20], [12, 20]])
  }

  @Test(arguments: [
    ("{patch: [13, 20]}", "training.patch"), ("{patch: [8, 21]}", "training.patch"), ("{patch: [8]}", "training.patch"),
    ("{patch: [8, 8, 8]}", "training.patch"), ("{patch: [8, 8, 8, 8]}", "training.patch"),
    ("{patch: 8}", "training.patch"), ("{patch: [8, 0]}", "training.patch.1"),
    ("{patch: [8, a]}", "training.patch.1"), ("{patch: [1, 1]}", "model.layers"),
    ("{patch: [8, 8], foreground: 1.5}", "training.foreground"), ("{foreground: -0.1}", "training.foreground"),
    ("{patch: [8, 8], foreground: most}", "training.foreground"), ("{foreground: 0.5}", "training.foreground"),
    ("{patches: 4}", "training.patches"), ("{patch: [8, 8], patches: 0}", "training.patches"),
  ])
  func badPatchesAreNamed(training: String, key: String) {
    let fault = expectFault(.usage) { _ = try MultimodalModel(try Self.configuration(training)) }
    #expect(fault?.key == key, "\(fault.map { "\($0)" } ?? "none")")
  }

  @Test func aTuningTakesTheSizeOfItsModel() throws {
    var configuration = Tiny.configuration("unet", .segmentation, modalities: 1, width: 2)
    let split = try Tiny.split(configuration, count: 4)
    func patches(_ extent: [Int], _ patch: [Int]? = nil, foreground: Double? = nil) throws(Fault) -> PatchSampling? {
      configuration.modalities[0].extent = extent
      var settings = TrainingSettings()
      (settings.patch, settings.foreground) = (patch, foreground)
      return try settings.makePatches(configuration, split, seed: 0)
    }
    let some = try #require(try patches([16, 24]))
    #expect(some.size == [16, 24] && some.perSample == 3, "1024 pixels in patches of 384")
    #expect(try patches([32, 32]) == nil)
    #expect(expectFault(.usage) { _ = try patches([16, 24], [16, 16]) }?.key == "training.patch")
    #expect(expectFault(.usage) { _ = try patches([40, 24]) }?.key == "modalities")
    #expect(expectFault(.usage) { _ = try patches([32, 32], foreground: 0.3) }?.key == "training.foreground")
    var settings = TrainingSettings()
    settings.patch = [4, 4]
    let other = Tiny.configuration()
    let samples = try Tiny.split(other)
    #expect(expectFault(.usage) { _ = try settings.makePatches(other, samples, seed: 0) }?.key == "training.patch")
    #expect(expectFault(.usage) { _ = try settings.patched(other) }?.key == "training.patch")
  }
}
