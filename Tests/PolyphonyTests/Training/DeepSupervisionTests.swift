import Polyphony
import Testing
import Torch

@testable import PolyphonySettings
@testable import PolyphonySupport

/// Predictions at the coarser resolutions of a U-Net's decoder, in training alone.
@Suite struct DeepSupervisionTests {
  /// PyTorch's loss and gradients of a U-Net with one coarser prediction.
  @Test func matchesPyTorch() throws {
    let (golden, supervised) = (try Golden("unet"), try Golden("unet_supervised"))
    let model = try golden.model()
    let heads = try DeepSupervision(of: model)
    try heads.load([
      "heads.0.weight": supervised.tensor("head.weight"), "heads.0.bias": supervised.tensor("head.bias"),
    ])
    model.attach(heads)
    let loss = try TaskLoss(.crossEntropy, for: golden.configuration.task)
    let output = model(try golden.inputs)
    #expect(output.auxiliary.map(\.shape) == [[2, 3, 5, 7]])
    let total = loss(output, try golden.tensor("target"))
    expectClose(total.reshaped(1), try supervised.tensor("loss"), 1e-5, "loss")
    total.backward()
    let stored = model.backbone.parameters() + heads.parameters()
    for name in ["encoders.0.stages.0.conv1.weight", "decoder.raise.1.weight", "out_layer.weight", "head.weight"] {
      let key = name == "head.weight" ? "heads.0.weight" : name
      let gradient = try #require(stored.first { $0.key == key }?.storage.tensor?.gradient)
      expectClose(gradient, try supervised.tensor("grad.\(name)"), 1e-4, "gradient of \(name)")
    }
    // Outside training there are no further predictions, and the prediction is that of PyTorch.
    model.train(false)
    let plain = model(try golden.inputs)
    #expect(plain.auxiliary.isEmpty)
    expectClose(plain.prediction, try golden.tensor("prediction"), 1e-5, "prediction")
  }

  @Test func weightsHalveAndSumToOne() throws {
    let configuration = MapPromptTests.configuration(layers: 4)
    let model = try Tiny.model(configuration)
    model.attach(try DeepSupervision(of: model))
    let batch = Tiny.batch(configuration, count: 2)
    let output = model(batch.inputs)
    #expect(output.auxiliary.map { Array($0.shape.dropFirst(2)) } == [[8, 9], [4, 5]])
    let loss = TaskLoss(configuration.task)
    let targets = [batch.target, pixels(batch.target, [8, 9]), pixels(batch.target, [4, 5])]
    let losses = zip([output.prediction] + output.auxiliary, targets).map { loss($0, $1).item }
    let expected = (4 * losses[0] + 2 * losses[1] + losses[2]) / 7
    #expect(abs(loss(output, batch.target).item - expected) < 1e-5 * expected)
  }

  /// The pixels ⌊i n/n′⌋ of a map, one by one.
  private func pixels(_ map: Tensor, _ size: [Int]) -> Tensor {
    let (count, height, width) = (map.size(0), map.size(1), map.size(2))
    let values = map.integers
    let chosen = (0..<count).flatMap { sample in
      (0..<size[0]).flatMap { row in
        (0..<size[1]).map { column in
          values[(sample * height + row * height / size[0]) * width + column * width / size[1]]
        }
      }
    }
    return Tensor(chosen).reshaped(to: [count] + size)
  }

  @Test(arguments: [("unet", 2), ("deeplab_v3plus", 1)])
  func otherModelsAreRefused(architecture: String, layers: Int) throws {
    let model = try Tiny.model(MapPromptTests.configuration(architecture, layers: layers))
    let fault = expectFault(.usage) { _ = try DeepSupervision(of: model) }
    #expect(fault?.key == "model.deep_supervision" && fault?.found == "\(architecture) with model.layers=\(layers)")
  }

  /// A recipe's run trains with the heads, and its model folder has none of them.
  @Test func aRunLeavesNoHeads() throws {
    try withTemporaryFolder { folder in
      let phantoms = SyntheticPhantoms(samples: 20, size: 16, shift: 1, seed: 0)
      try DatasetWriter.write(phantoms.description, try phantoms.make(), to: "\(folder)/data")
      func run(_ supervised: Bool) throws -> MultimodalModel {
        let recipe = """
          model: {architecture: unet, width: 4, layers: 3, deep_supervision: \(supervised)}
          training: {epochs: 1, augment: []}
          """
        let life = TrainLife(recipe: try SettingsTree(yaml: recipe, file: "recipe"), data: "\(folder)/data")
        let output = try RunFolder("\(folder)/\(supervised)", existing: .overwrite)
        return try life.prepare().run("joint", folder: output).model
      }
      let (plain, supervised) = (try run(false), try run(true))
      #expect(supervised.attachments.isEmpty && supervised.configuration == plain.configuration)
      let keys = try SafetensorsFile(path: "\(folder)/true/model/model.safetensors").entries.map(\.name)
      #expect(Set(keys) == Set(plain.backbone.storage().map(\.key)))
      #expect(plain.copies() != supervised.copies(), "the heads have an effect")
    }
  }
}
