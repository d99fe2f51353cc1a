import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Prompts and shared parts that stand for missing images, against their formulas sample by sample.
@Suite struct MapPromptTests {
  static let names = ["flair", "t1", "t2"]

  static func configuration(_ architecture: String = "unet", images: [String] = names, width: Int = 4, layers: Int = 2)
    -> ModelConfiguration
  {
    var configuration = Tiny.configuration(architecture, .segmentation, modalities: images.count, width: width)
    configuration.modalities = images.map { .image($0, channels: 1, height: 16, width: 18) }
    configuration.layers = layers
    return configuration
  }

  /// A model in double precision, and seven samples with all patterns.
  private static func model(_ architecture: String = "unet") throws -> (model: MultimodalModel, inputs: Inputs) {
    let configuration = configuration(architecture)
    let model = try Tiny.model(configuration)
    model.move(to: .cpu, dtype: .float64)
    model.train(false)
    var inputs = Tiny.batch(configuration, count: 7).inputs.double
    inputs.presence = Tensor((1...7).flatMap { code in (0..<3).map { code >> $0 & 1 == 1 } }, shape: [7, 3])
    return (model, inputs)
  }

  /// The maps of each image at each resolution.
  private static func maps(_ tokens: [Tokens]) -> [[Tensor]] { tokens.map { $0.details + [$0.map] } }

  /// The maps as the backbone gives them, without the method.
  private static func baseMaps(_ model: MultimodalModel, _ inputs: Inputs) -> [[Tensor]] {
    let backbone = model.backbone
    var inputs = inputs
    inputs.modalities = inputs.modalities.enumerated().map { image, x in
      inputs.isPresent(image).map { x * $0.to(x.dtype).reshaped(-1, 1, 1, 1) } ?? x
    }
    return maps(backbone.encode(backbone.embed(inputs), afterLayer: nil))
  }

  /// W x + b at each place of one sample's map `[C, h, w]`.
  private static func at(_ map: Tensor, _ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
    let product = Tensor.einsum("oc,chw->ohw", weight, map)
    return bias.map { product + $0.reshaped(-1, 1, 1) } ?? product
  }

  @Test(arguments: ["unet", "deeplab_v3plus"]) func promptsFollowTheirFormulas(architecture: String) throws {
    let (model, inputs) = try Self.model(architecture)
    try MissingFixtures.install("prompts", "{length: 3}", on: model)
    scatter(model)
    let (base, found) = (Self.baseMaps(model, inputs), Self.maps(model(inputs, encodings: true).encoded))
    for level in found[0].indices {
      func tensor(_ key: String) throws -> Tensor { try model.prompt("levels.\(level).\(key)") }
      for sample in 0..<7 {
        let present = (0..<3).filter { (sample + 1) >> $0 & 1 == 1 }
        func signal(_ image: Int) throws -> Tensor {
          try tensor("signal.\(Self.names[image]).\(present.contains(image) ? "present" : "missing")").squeezed(1)
        }
        for image in 0..<3 {
          var expected = base[image][level][sample]
          if !present.contains(image) {
            let name = Self.names[image]
            var sum = Tensor.einsum(
              "cp,p->c", try tensor("start.\(name).weight"), try tensor("generative_prompt")[image])
            sum = (sum + (try tensor("start.\(name).bias"))).reshaped(-1, 1, 1)
            let others = (0..<3).filter { $0 != image }
            for source in present {
              // The rows of a source's weight belong to its targets in order, and the columns of a target's to its sources.
              let targets = (0..<3).filter { $0 != source }
              let row = 3 * targets.firstIndex(of: image)!
              let features = "features.\(Self.names[source])"
              let hidden = Self.at(
                base[source][level][sample], try tensor("\(features).weight").slice(0, row, row + 3),
                try tensor("\(features).bias").slice(0, row, row + 3)
              ).gelu()
              let column = 3 * others.firstIndex(of: source)!
              sum = sum + Self.at(hidden, try tensor("join.\(name).weight").slice(1, column, column + 3))
            }
            expected = sum.gelu()
          }
          var type = try signal(0).zerosLike()
          for k in 0..<3 {
            let inner = (try tensor("type_prompt")[image][0] * (try signal(k))).sum()
            type = type + inner * (try tensor("coupling.\(Self.names[k]).weight")[0])
          }
          expected = expected + (try signal(image) + type).reshaped(-1, 1, 1)
          let shown = expected.expanded(
            -1, base[image][level].size(2), base[image][level].size(3))
          expectClose(found[image][level][sample], shown, 1e-10, "image \(image), level \(level), sample \(sample)")
        }
      }
    }
  }

  /// A complete sample is embedded as in the base at the start, and every prompt then moves while the base does not.
  @Test func everyPromptMovesAndTheBaseDoesNot() throws {
    let configuration = Self.configuration(layers: 3)
    let model = try Tiny.model(configuration)
    let batch = Tiny.batch(configuration, count: 64)
    let before = model(batch.inputs).prediction
    try MissingFixtures.install("prompts", on: model)
    expectClose(model(batch.inputs).prediction, before, 0, "a complete sample at the start")
    let start = Dictionary(
      uniqueKeysWithValues: model.attachments[0].parameters().map { ($0.key, $0.storage.tensor!.floats) })
    let base = model.copies()
    let data = LabelledSplit(
      samples: UnlabelledSplit(name: "split", inputs: batch.inputs), target: batch.target)
    try MissingFixtures.train(model, data)
    for (key, stored) in model.attachments[0].parameters() {
      #expect(stored.tensor!.floats != start[key], "\(key) has not moved")
    }
    for (key, stored) in model.backbone.storage() {
      let trained = key.contains(".stages.0.") && key.hasPrefix("encoders.") || key.hasPrefix("out_layer.")
      #expect((stored.tensor!.floats == base[key]) == !trained, "\(key)")
    }
  }

  /// At the default sizes with four images, all that is added stays under a tenth of the backbone.
  @Test func thePromptsAreSmall() throws {
    let configuration = Self.configuration(images: ["flair", "t1ce", "t1", "t2"], width: 8, layers: 4)
    let model = try Tiny.model(configuration)
    let size = model.parameterCount.total
    try MissingFixtures.install("prompts", on: model)
    let added = model.attachments[0].parameters().reduce(0) { $0 + $1.storage.tensor!.count }
    // By resolution: 4·(24 C + 24) + 4·(8 C + C) + 4·24 C weights, 4·8 numbers G, 8 C signals and 8 C for types.
    #expect(added == [8, 16, 32, 64].reduce(0) { $0 + 4 * (24 * $1 + 24) + 4 * 9 * $1 + 96 * $1 + 32 + 16 * $1 })
    #expect(added * 10 < size, "\(added) of \(size)")
  }

  @Test(arguments: [
    ("{generative: false}", ["signal", "type_prompt", "coupling"]),
    ("{signal: false}", ["generative_prompt", "features", "start", "join", "signal", "type_prompt", "coupling"]),
    ("{type: false}", ["generative_prompt", "features", "start", "join", "signal"]),
  ])
  func kindsCanBeLeftOut(settings: String, kinds: [String]) throws {
    let (model, inputs) = try Self.model()
    try MissingFixtures.install("prompts", settings, on: model)
    let keys = model.attachments[0].parameters().map { String($0.key.split(separator: ".")[2]) }
    #expect(Set(keys) == Set(kinds))
    #expect(model(inputs).prediction.isFinite)
  }

  @Test func modelsThatTheMethodsDoNotServe() throws {
    let one = try Tiny.model(Self.configuration(images: ["flair"]))
    let images = try Tiny.model(Self.configuration())
    for method in ["prompts", "shared_specific"] {
      #expect(expectFault(.usage) { try MissingFixtures.install(method, on: one) }?.found == "1 modality")
    }
    let form = expectFault(.usage) { try MissingFixtures.install("prompts", "{form: published}", on: images) }
    #expect(form?.key == "form" && form?.expected == "one of auto, shared")
    let patterns = expectFault(.usage) { try MissingFixtures.install("missing_aware_prompts", on: images) }
    #expect(patterns?.found == "the image flair" && patterns?.remedy?.hasPrefix("use prompts, ") == true)
    let sequences = expectFault(.usage) {
      try MissingFixtures.install("shared_specific", on: MissingFixtures.model("late_fusion"))
    }
    #expect(sequences?.key == "shared_specific" && sequences?.found == "late_fusion")
  }

  @Test(arguments: ["unet", "deeplab_v3plus"], ["prompts", "shared_specific", "adapter"])
  func adaptersComeBack(architecture: String, method: String) throws {
    try withTemporaryFolder { folder in
      let configuration = Self.configuration(architecture)
      try ModelFolder.write(Tiny.model(configuration).backbone, to: "\(folder)/base")
      let (installation, description) = try ModelWithAdapter("\(folder)/base").install(method)
      scatter(installation.model)
      try AdapterFolder.write(installation, description, to: "\(folder)/adapter")
      var inputs = Tiny.batch(configuration, count: 3).inputs
      if method != "adapter" { inputs.presence = MissingFixtures.presence([[1, 1, 1], [0, 1, 0], [1, 0, 1]]) }
      let again = try ModelFolder.read("\(folder)/base")
      again.train(false)
      let before = again(inputs).prediction
      try AdapterFolder.attach("\(folder)/adapter", to: again, base: "\(folder)/base")
      expectClose(again(inputs).prediction, installation.model(inputs).prediction, 0, "prediction of the copy")
      #expect(again(inputs).prediction.floats != before.floats)
      installation.isEnabled = false
      expectClose(installation.model(inputs).prediction, before, 0, "switched off")
    }
  }
}

/// Shared and specific parts, and their losses.
extension MapPromptTests {
  @Test func sharedPartsFollowTheirFormulas() throws {
    let (model, inputs) = try Self.model()
    var complete = inputs
    complete.presence = nil
    let before = model(complete).prediction
    try MissingFixtures.install("shared_specific", on: model)
    expectClose(model(complete).prediction, before, 1e-12, "a complete sample at the start")
    #expect(model.backbone.parameters().allSatisfy { $0.storage.tensor!.requiresGradient })
    scatter(model)
    let (base, found) = (Self.baseMaps(model, inputs), Self.maps(model(inputs, encodings: true).encoded))
    for level in found[0].indices {
      func linear(_ key: String, _ map: Tensor) throws -> Tensor {
        Self.at(
          map, try model.prompt("levels.\(level).\(key).weight"), try model.prompt("levels.\(level).\(key).bias"))
      }
      for sample in 0..<7 {
        let present = (0..<3).filter { (sample + 1) >> $0 & 1 == 1 }
        let shared = try present.map { try linear("shared", base[$0][level][sample]) }
        let mean = shared.dropFirst().reduce(shared[0], +) / Double(present.count)
        for image in 0..<3 {
          var expected = mean
          if let own = present.firstIndex(of: image).map({ shared[$0] }) {
            let specific = try linear("specific.\(Self.names[image])", base[image][level][sample])
            expected = own + (try linear("fusion", .concatenated([own, specific], 0)))
          }
          expectClose(found[image][level][sample], expected, 1e-10, "image \(image), level \(level), sample \(sample)")
        }
      }
    }
  }

  /// One training step's loss, with the parts of some samples.
  private func loss(_ model: MultimodalModel, _ hook: any StepHook, _ batch: Batch) -> (task: Tensor, total: Tensor) {
    let step = Tiny.step(model, batch, hook, Adam([]))
    return (step.taskLoss, hook.loss(step))
  }

  @Test func theLossesFollowTheirFormulas() throws {
    let (model, inputs) = try Self.model()
    let method = try MissingFixtures.install(
      "shared_specific", "{alignment_weight: 0.7, classification_weight: 0.3}", on: model)
    let hook = try #require(method.stepHook)
    scatter(model)
    let base = Self.baseMaps(model, inputs)
    let target = Tiny.batch(model.configuration, count: 7).target
    model.train()
    let found = loss(model, hook, Batch(inputs, target: target))
    // The formulas, one sample after another.
    var (alignment, classification) = (0.0, 0.0)
    let levels = base[0].count
    for sample in 0..<7 {
      let present = (0..<3).filter { (sample + 1) >> $0 & 1 == 1 }
      func linear(_ key: String, _ level: Int, _ image: Int) throws -> Tensor {
        Self.at(
          base[image][level][sample], try model.prompt("levels.\(level).\(key).weight"),
          try model.prompt("levels.\(level).\(key).bias"))
      }
      for level in 0..<levels {
        var distances: [Double] = []
        for first in present {
          for second in present where second > first {
            let difference = try linear("shared", level, first) - linear("shared", level, second)
            distances.append(difference.abs().mean().item)
          }
        }
        if !distances.isEmpty { alignment += distances.reduce(0, +) / Double(distances.count * levels) }
      }
      var losses: [Double] = []
      for image in present {
        let pooled = try linear("specific.\(Self.names[image])", levels - 1, image).mean(1, 2)
        let logits = pooled.linear(try model.prompt("classifier.weight"), try model.prompt("classifier.bias"))
        losses.append(-logits.logSoftmax(0)[image].item)
      }
      classification += losses.reduce(0, +) / Double(losses.count)
    }
    let expected = found.task.item + 0.7 * alignment / 7 + 0.3 * classification / 7
    #expect(abs(found.total.item - expected) < 1e-10 * expected)
    found.total.backward()
    for (key, stored) in model.attachments[0].parameters() {
      #expect(try #require(stored.tensor!.gradient, "\(key)").abs().maximum().item > 0, "\(key)")
    }
    // The parts of a batch give the loss of the batch, because both terms are means over samples.
    let parts = [0..<3, 3..<7].map { range -> Double in
      let own = inputs.rows(Tensor(Array(range)))
      let part = loss(model, hook, Batch(own, target: target.slice(0, range.lowerBound, range.upperBound)))
      return (part.total.item - part.task.item) * Double(range.count) / 7
    }
    #expect(abs(parts.reduce(0, +) - (expected - found.task.item)) < 1e-10)
    // A pass outside training leaves no parts behind.
    model.train(false)
    let scored = loss(model, hook, Batch(inputs, target: target))
    #expect(scored.total.item == scored.task.item)
  }
}
