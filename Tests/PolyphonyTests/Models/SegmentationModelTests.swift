import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// DeepLabV3+ and the phantoms it is tried on.
@Suite struct SegmentationModelTests {
  @Test(arguments: [[32, 32], [33, 47]], [1, 4])
  func shapesOfEveryStage(size: [Int], count: Int) throws {
    var configuration = Tiny.configuration("deeplab_v3plus", .segmentation, modalities: count)
    configuration.modalities = (0..<count).map {
      .image("m\($0)", channels: 1 + $0, height: size[0], width: size[1])
    }
    let model = try Tiny.model(configuration)
    let batch = Tiny.batch(configuration, count: 2)
    let output = model(batch.inputs, encodings: true)
    #expect(output.prediction.shape == [2, 4] + size)
    func reduced(_ times: Int) -> [Int] {
      size.map { value in (0..<times).reduce(value) { half, _ in (half + 1) / 2 } }
    }
    #expect(output.encoded.count == count)
    #expect(output.encoded[0].map.shape == [2, 8] + reduced(4), "output stride 16")
    #expect(output.encoded[0].values.shape == [2, reduced(4)[0] * reduced(4)[1], 8])
    #expect(output.features.shape == [2, 8] + reduced(2))
    #expect(output.pooled.shape == [2, 8])
    // Every parameter takes part.
    TaskLoss(configuration.task)(output.prediction, batch.target).backward()
    for (key, stored) in model.backbone.parameters() { #expect(stored.tensor?.gradient != nil, "\(key)") }
  }

  @Test func residualNetworkOf101Layers() throws {
    var configuration = Tiny.configuration("deeplab_v3plus", .segmentation, modalities: 1)
    configuration.encoder = .resnet101
    let model = try Tiny.model(configuration)
    let network = model.backbone.parameters().filter { $0.key.hasPrefix("encoders.0.backbone.") }
    // torchvision's ResNet-101 without its classifier has 42,500,160 parameters; its first layer reads 3 channels and
    // this one 1.
    let count = network.reduce(0) { $0 + ($1.storage.tensor?.count ?? 0) }
    #expect(count == 42_500_160 - 2 * 64 * 49)
    // 33 blocks of three convolutions, the stem, and four shortcuts.
    #expect(network.count { $0.storage.tensor?.rank == 4 } == 1 + 33 * 3 + 4)
  }

  @Test func architecturesRefuseTheWrongKindOfData() {
    #expect(throws: Fault.self) { try MultimodalModel(Tiny.configuration("late_fusion", .segmentation)) }
    #expect(throws: Fault.self) { try MultimodalModel(Tiny.configuration("deeplab_v3plus", .classification)) }
    var mixed = Tiny.configuration("deeplab_v3plus", .segmentation)
    mixed.modalities[1] = .image("m1", channels: 1, height: 16, width: 32)
    #expect(throws: Fault.self) { try MultimodalModel(mixed) }
  }

  @Test func aFolderKeepsTheModel() throws {
    var configuration = Tiny.configuration("deeplab_v3plus", .segmentation, modalities: 2)
    configuration.encoder = .small
    let model = try Tiny.model(configuration)
    let batch = Tiny.batch(configuration, count: 2)
    _ = model(batch.inputs)
    model.train(false)
    try withTemporaryFolder { folder in
      try ModelFolder.write(model.backbone, to: folder + "/model")
      let again = try ModelFolder.read(folder + "/model")
      again.train(false)
      #expect(again.configuration == configuration)
      expectClose(again(batch.inputs).prediction, model(batch.inputs).prediction, 0, "prediction")
    }
  }

  @Test func anEncoderMaybeLookedInto() throws {
    let configuration = Tiny.configuration("deeplab_v3plus", .segmentation, modalities: 2)
    let model = try Tiny.model(configuration)
    model.train(false)
    let tokens = model.backbone.embed(Tiny.batch(configuration, count: 2).inputs)
    var seen: [Int] = []
    let hooked = model.backbone.encode(tokens) { layer, tokens in
      seen.append(layer)
      return tokens.map { Tokens($0.values) }
    }
    #expect(seen == [0, 1, 2, 3])
    expectClose(hooked[1].values, model.backbone.encode(tokens, afterLayer: nil)[1].values, 1e-6, "unchanged")
  }

  @Test func phantomsAreNestedLabelledAndSeeded() throws {
    let splits = try SyntheticPhantoms(samples: 40, size: 32, shift: 0, seed: 2).make()
    #expect(splits.map(\.name) == ["train", "valid", "test"])
    #expect(splits.map { $0.inputs.count } == [28, 6, 6])
    let target = try #require(splits[0].target)
    #expect(target.shape == [28, 32, 32] && Set(target.integers) == [0, 1, 2, 3])
    #expect(splits[0].inputs.modalities.allSatisfy { $0.shape == [28, 1, 32, 32] && $0.isFinite })
    let again = try SyntheticPhantoms(samples: 40, size: 32, shift: 0, seed: 2).make()
    #expect(again[0].inputs.modalities[2].floats == splits[0].inputs.modalities[2].floats)
    // Of unequal use: how far the whole lesion stands out from everything else, in deviations.
    let lesion = target .> 0
    func contrast(_ index: Int, _ mask: Tensor) -> Double {
      let image = splits[0].inputs.modalities[index].squeezed(1)
      let inside = image.indexed([mask])
      let outside = image.indexed([.!mask])
      return abs(inside.mean().item - outside.mean().item)
        / (inside.variance(0).item + outside.variance(0).item).squareRoot()
    }
    #expect(contrast(0, lesion) > contrast(2, lesion) + 0.3, "flair shows the lesion, t1 does not")
    let rim = target .== 3
    #expect(contrast(1, rim) > contrast(0, rim) + 0.3, "t1ce alone shows the rim")
    #expect(throws: Fault.self) { try SyntheticPhantoms(samples: 3).make() }
  }

  @Test func phantomsAreADataSet() throws {
    try withTemporaryFolder { folder in
      let phantoms = SyntheticPhantoms(samples: 20, size: 16, shift: 1, seed: 0)
      try DatasetWriter.write(phantoms.description, try phantoms.make(), to: folder + "/data")
      let dataset = try Dataset(folder + "/data")
      let training = try dataset.labelled("train")
      #expect(training.count == 14 && training.target.shape == [14, 16, 16])
      #expect(dataset.description.modalities.map(\.name) == ["flair", "t1ce", "t1", "t2"])
    }
  }
}
