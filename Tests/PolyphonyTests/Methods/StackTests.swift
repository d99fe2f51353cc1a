import Foundation
import Polyphony
import Testing
import Torch

import protocol Polyphony.Attachment

@testable import PolyphonySettings
@testable import PolyphonySupport

/// Adapters can be trained on top of other adapters.
@Suite struct StackTests {
  /// A level of a stack: a tuning method, or a method of adaptation.
  struct Level: CustomTestStringConvertible, Sendable {
    let method: String
    var settings = ""

    var isAdaptation: Bool { AdaptationMethods.names.contains(method) }
    var testDescription: String { method }
    var recipe: SettingsTree {
      get throws {
        try SettingsTree(yaml: "\(isAdaptation ? "adaptation" : "tuning"): {\(settings)}", file: "settings")
      }
    }
  }

  static let wander = Level(method: "wander", settings: TuningCase.small)
  static let every = Level(method: "wander", settings: TuningCase.small + ", placement: every")
  static let prompts = Level(method: "prompts", settings: "length: 3, type: true")
  static let casp = Level(method: "casp", settings: "batch_size: 8, " + Adapting.short)
  static let tent = Level(method: "tent", settings: "batch_size: 8")

  /// The stacks, each from the lowest level up.
  static let stacks: [[Level]] = [
    [wander, prompts, casp], [prompts, wander, tent], [casp, wander, prompts], [every, prompts, casp],
    [Level(method: "lora", settings: "rank: 2"), Level(method: "ia3"), Level(method: "bitfit")],
    [Level(method: "prefix", settings: "length: 2"), Level(method: "adapter"), Level(method: "prefix")],
    [every, Level(method: "lmf", settings: "bottleneck: 4, placement: every"), Level(method: "mean_fill")],
    [Level(method: "mean_fill"), Level(method: "reconstruction"), casp],
  ]

  static let architectures = ["late_fusion", "early_fusion", "encoder_fusion", "mult"]

  /// Tunes by a method for two epochs on samples with missing modalities.
  static func tuning(
    _ level: Level, on base: String, adapter: String?, _ data: LabelledSplit
  ) throws -> TuneLife {
    var life = TuneLife(
      model: base, adapter: adapter, recipe: try level.recipe,
      data: .splits(Splits(training: data, validation: data, test: data)), methods: [level.method])
    var training = TrainingSettings()
    (training.epochs, training.batchSize) = (2, 8)
    life.training = training
    life.condition.missing = .sample(0.7)
    return life
  }

  /// Trains the levels on top of each other, and returns their folders from the lowest up.
  @discardableResult
  static func build(_ levels: [Level], on base: String, in folder: String) throws -> [String] {
    var paths: [String] = []
    for (index, level) in levels.enumerated() {
      let output = try RunFolder("\(folder)/level\(index)", existing: .refuse)
      let data = MissingFixtures.split(24, patterns: level.isAdaptation && index > 0, seed: UInt64(index + 1))
      try ownRandomNumbers {
        if level.isAdaptation {
          var life = AdaptLife(
            model: base, adapter: paths.last, recipe: try level.recipe, samples: data.samples, methods: [level.method])
          life.isStopped = { false }
          let outcome = try life.prepare(seeds: [UInt64(index)]).run(level.method, seed: UInt64(index), folder: output)
            .outcome
          #expect(outcome.prediction.isFinite)
        } else {
          let life = try tuning(level, on: base, adapter: paths.last, data)
          _ = try life.prepare(seeds: [UInt64(index)]).run(level.method, seed: UInt64(index), folder: output)
        }
      }
      paths.append(output.adapter)
    }
    return paths
  }

  static func writeBase(_ architecture: String, in folder: String, seed: UInt64 = 3) throws -> String {
    try ModelFolder.write(MissingFixtures.model(architecture, layers: 2, seed: seed).backbone, to: folder + "/base")
    return folder + "/base"
  }

  static func predict(_ base: String, _ adapter: String?, _ inputs: Inputs) throws -> [Float] {
    let model = try ModelWithAdapter(base, adapter: adapter).model
    model.train(false)
    return noGrad { model(inputs).prediction.floats }
  }

  @Test(arguments: stacks.indices, architectures)
  func aStackComesBackAndLeavesWhatIsBeneath(index: Int, architecture: String) throws {
    let levels = Self.stacks[index]
    let inputs = MissingFixtures.split(7, patterns: true, seed: 9).samples.inputs
    try withTemporaryFolder { folder in
      let base = try Self.writeBase(architecture, in: folder)
      let bytesBefore = try contents(of: base)
      let paths = try Self.build(levels, on: base, in: folder)
      #expect(try contents(of: base) == bytesBefore, "the base")
      // Each level contains a copy of the one beneath it, byte for byte.
      for (upper, lower) in zip(paths.dropFirst(), paths) {
        #expect(try contents(of: upper + "/beneath") == (try contents(of: lower)), "\(upper)")
      }
      let predictions = try ([nil] + paths.map { $0 }).map { try Self.predict(base, $0, inputs) }
      #expect(predictions.allSatisfy { $0.allSatisfy(\.isFinite) })
      for (one, other) in zip(predictions, predictions.dropFirst()) { #expect(one != other, "a level does something") }
      // Switched off level by level, the model equals the one that each level was trained on.
      let carried = try ModelWithAdapter(base, adapter: paths.last)
      carried.model.train(false)
      var level = carried.installation
      for expected in predictions.dropFirst().reversed() {
        #expect(noGrad { carried.model(inputs).prediction.floats } == expected)
        level?.isEnabled = false
        level = level?.beneath
      }
      #expect(noGrad { carried.model(inputs).prediction.floats } == predictions[0], "all off")
      carried.installation?.isStackEnabled = true
      #expect(noGrad { carried.model(inputs).prediction.floats } == predictions.last, "all on again")
      #expect(
        carried.model.handlesMissingModalities
          == levels.contains { ["prompts", "mean_fill", "reconstruction"].contains($0.method) })
      // The stack is moved, and the folders of its levels are removed.
      try FileManager.default.moveItem(atPath: paths[2], toPath: folder + "/moved")
      for place in 0...2 { try FileManager.default.removeItem(atPath: "\(folder)/level\(place)") }
      #expect(try Self.predict(base, folder + "/moved", inputs) == predictions.last, "moved")
    }
  }

  @Test func theUpperFolderHoldsOnlyWhatItsMethodTrains() throws {
    try withTemporaryFolder { folder in
      let base = try Self.writeBase("late_fusion", in: folder)
      let paths = try Self.build([Self.wander, Self.prompts, Self.casp], on: base, in: folder)
      func keys(_ path: String) throws -> [String] {
        try SafetensorsFile(path: path + "/adapter_model.safetensors").entries.map(\.name)
      }
      let upper = try keys(paths[1])
      #expect(upper.contains { $0.hasPrefix("attachment.0.generative") } || upper.contains { $0.contains("time") })
      #expect(!upper.contains { $0.contains("sites") || $0.hasPrefix("attachment.1") }, "nothing of Wander")
      #expect(upper.contains("out_layer.weight"), "the last layer that it trains")
      #expect(try keys(paths[2]).allSatisfy { $0.contains("layer_norms.") })
    }
  }

  @Test func aSetSwitchesWholeStacks() throws {
    let inputs = MissingFixtures.split(7, patterns: true, seed: 9).samples.inputs
    try withTemporaryFolder { folder in
      let base = try Self.writeBase("encoder_fusion", in: folder)
      let paths = try Self.build([Self.every, Self.prompts, Self.casp], on: base, in: folder)
      let expected = try paths.map { try Self.predict(base, $0, inputs) }
      let own = try Self.predict(base, nil, inputs)
      let set = try AdapterSet(base: base)
      for (index, path) in paths.enumerated() { try set.add(path, as: "\(index)") }
      set.model.train(false)
      for index in [2, 0, 1, 2, 1] {
        try set.activate("\(index)")
        #expect(noGrad { set.model(inputs).prediction.floats } == expected[index])
      }
      set.deactivate()
      #expect(noGrad { set.model(inputs).prediction.floats } == own)
    }
  }

  @Test func aStackIsMergedWholeOrNotAtAll() throws {
    let inputs = MissingFixtures.split(7, seed: 9).samples.inputs
    try withTemporaryFolder { folder in
      let base = try Self.writeBase("late_fusion", in: folder)
      let levels = [Level(method: "lora", settings: "rank: 2"), Level(method: "ia3"), Self.tent]
      let path = try #require(try Self.build(levels, on: base, in: folder).last)
      try AdapterFolder.merge(path, base: base, to: folder + "/merged")
      let merged = try ModelFolder.read(folder + "/merged")
      merged.train(false)
      let stacked = try ModelWithAdapter(base, adapter: path).model
      stacked.train(false)
      expectClose(noGrad { merged(inputs).prediction }, noGrad { stacked(inputs).prediction }, 1e-6, "merged")
    }
    try withTemporaryFolder { folder in
      let base = try Self.writeBase("late_fusion", in: folder)
      let path = try #require(try Self.build([Self.wander, Level(method: "lora")], on: base, in: folder).last)
      let fault = #expect(throws: Fault.self) { try AdapterFolder.merge(path, base: base, to: folder + "/merged") }
      #expect(fault?.kind == .usage && fault?.found == "wander, beneath lora")
      #expect(!FileManager.default.fileExists(atPath: folder + "/merged"))
    }
  }

  @Test(arguments: [
    ("prompt", "prompts"), ("prompts", "prompt"), ("prompts", "missing_aware_prompts"), ("wander", "prompt"),
    ("prompt", "wander"), ("prompt", "prompt"),
  ])
  func methodsThatMiscountStepsAreRefused(lower: String, upper: String) throws {
    try withTemporaryFolder { folder in
      let base = try Self.writeBase("encoder_fusion", in: folder)
      let model = try ModelWithAdapter(base).model
      func make(_ name: String) throws -> any TuningMethod {
        try MissingFixtures.method(name, name == "prompts" ? "{type: true}" : "", model.configuration).method
      }
      let carried = try Installation(make(lower), on: model, name: lower)
      let count = model.attachments.count
      let fault = expectFault(.usage) {
        _ = try Installation(make(upper), on: model, name: upper, beneath: carried)
      }
      #expect(fault?.found == "\(upper) on \(lower)")
      #expect(model.attachments.count == count && carried.isEnabled, "the model is as before")
    }
  }

  /// Records the presence that other methods get.
  private final class Witness: Module, Attachment {
    var presence: [Tensor?] = []
    func encoded(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
      presence.append(context.inputs.presence)
      return tokens
    }
    func represented(_ representation: Tensor, _ context: ForwardContext) -> Tensor {
      presence.append(context.inputs.presence)
      return representation
    }
  }

  @Test(arguments: [("prompts", true), ("mean_fill", true), ("reconstruction", true), ("zero_fill", false)])
  func whatIsMadeUpCountsAsPresent(method: String, isMadeUp: Bool) throws {
    let model = try MissingFixtures.model("late_fusion")
    let witness = Witness()
    model.attachments.append(witness)
    try MissingFixtures.install(method, on: model)
    let inputs = MissingFixtures.split(7, patterns: true).samples.inputs
    _ = noGrad { model(inputs) }
    #expect(witness.presence.count == 2)
    #expect(witness.presence.allSatisfy { ($0 == nil) == isMadeUp })
  }

  struct Damage: CustomTestStringConvertible, Sendable {
    let name: String
    let kind: Fault.Kind
    let mentions: String
    let change: @Sendable (_ adapter: String) throws -> Void
    var testDescription: String { name }
  }

  private static func rewrite(_ file: String, _ change: (String) -> String) throws {
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let changed = change(text)
    #expect(changed != text)
    try changed.write(toFile: file, atomically: true, encoding: .utf8)
  }

  static let damages = [
    Damage(name: "another adapter beneath", kind: .badData, mentions: "made on another") { path in
      try FileManager.default.removeItem(atPath: path + "/beneath/adapter_model.safetensors")
      try FileManager.default.copyItem(
        atPath: path + "/adapter_model.safetensors", toPath: path + "/beneath/adapter_model.safetensors")
    },
    Damage(name: "a truncated one", kind: .badData, mentions: "made on another") { path in
      let file = path + "/beneath/adapter_model.safetensors"
      let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
      try bytes.prefix(bytes.count - 8).write(to: URL(fileURLWithPath: file))
    },
    Damage(name: "none", kind: .badData, mentions: "not there") { path in
      try FileManager.default.removeItem(atPath: path + "/beneath")
    },
    Damage(name: "one without weights", kind: .badData, mentions: "not there") { path in
      try FileManager.default.removeItem(atPath: path + "/beneath/adapter_model.safetensors")
    },
    Damage(name: "one without a description", kind: .missingInput, mentions: "beneath") { path in
      try FileManager.default.removeItem(atPath: path + "/beneath/adapter_config.json")
    },
    Damage(name: "one that is not named", kind: .badData, mentions: "does not say") { path in
      try rewrite(path + "/adapter_config.json") { text in
        text.split(separator: "\n").filter { !$0.contains("beneath_sha256") }.joined(separator: "\n")
      }
    },
    Damage(name: "one for another base", kind: .usage, mentions: "another base") { path in
      try rewrite(path + "/beneath/adapter_config.json") {
        $0.replacingOccurrences(of: "\"base_sha256\": \"", with: "\"base_sha256\": \"0")
      }
    },
    Damage(name: "one of an unknown method", kind: .usage, mentions: "unknown tuning method") { path in
      try rewrite(path + "/beneath/adapter_config.json") {
        $0.replacingOccurrences(of: "\"method\": \"wander\"", with: "\"method\": \"wonder\"")
      }
    },
  ]

  @Test(arguments: damages) func whatIsWrongBeneathIsSaid(damage: Damage) throws {
    try withTemporaryFolder { folder in
      let base = try Self.writeBase("late_fusion", in: folder)
      let path = try #require(try Self.build([Self.wander, Self.prompts], on: base, in: folder).last)
      try damage.change(path)
      let model = try ModelFolder.read(base)
      let before = bytes(model)
      let fault = expectFault(damage.kind) { try AdapterFolder.attach(path, to: model, base: base) }
      #expect("\(fault.map { "\($0)" } ?? "")".contains(damage.mentions))
      #expect(model.attachments.isEmpty && bytes(model) == before, "the model is as before")
    }
  }

  @Test func aRunOnAnotherAdapterIsNotContinued() throws {
    try withTemporaryFolder { folder in
      let base = try Self.writeBase("late_fusion", in: folder)
      let paths = try Self.build([Self.wander, Level(method: "lora")], on: base, in: folder)
      try FileManager.default.createDirectory(atPath: folder + "/more", withIntermediateDirectories: true)
      let other = try Self.build([Level(method: "ia3")], on: base, in: folder + "/more")
      let data = MissingFixtures.split(24, seed: 2)
      let life = try Self.tuning(Level(method: "lora"), on: base, adapter: other[0], data).prepare(seeds: [1])
      let output = try RunFolder((paths[1] as NSString).deletingLastPathComponent, existing: .resume)
      let fault = expectFault(.usage) {
        _ = try life.run("lora", seed: 1, folder: output, resume: true)
      }
      #expect(fault?.file?.hasSuffix("checkpoint") == true)
    }
  }
}
