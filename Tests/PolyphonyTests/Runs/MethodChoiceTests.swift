import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonySettings
@testable import PolyphonySupport

/// The choice among methods of adaptation without labels.
@Suite struct MethodChoiceTests {
  /// The golden figures come from PyTorch's `Categorical(logits).entropy()` and `Bernoulli(logits).entropy()`.
  @Test func uncertaintyIsTheMeanEntropy() throws {
    let classes = try Adapting(kind: .classification).model()
    let rows = classes.configuration.task.outputs
    let logits = Tensor.zeros([2, rows])
    let samples = Adapting(kind: .classification).samples()
    #expect(
      abs(try AnswerUncertainty.of(classes, logits, samples, method: "auto") - Foundation.log(Double(rows))) < 1e-12)
    let labels = try Adapting(kind: .multilabel).model()
    let own = Tensor([2.0, -1.0].map { Float($0) }).reshaped(2, 1).expanded(2, labels.configuration.task.outputs)
    let found = try AnswerUncertainty.of(labels, own, samples, method: "auto")
    #expect(abs(found - (0.365333855 + 0.582203109) / 2) < 1e-6)
  }

  private static func choice(_ yaml: String, _ kind: PredictionTask.Kind) throws -> MethodChoice {
    let task = Adapting(kind: kind).configuration.task
    return try SettingsReader.read(try SettingsTree(yaml: yaml, file: "recipe")) { (reader) throws(Fault) in
      try MethodChoice(reader, task)
    }.value
  }

  @Test func theSourceStaysUnlessACandidateTakesATenthAway() throws {
    let choice = try Self.choice("{}", .classification)
    #expect(choice.candidates == ["inputs", "ssa", "casp-contrast"])
    #expect(choice.pick([("source", 1), ("inputs", 0.91), ("ssa", 2)]) == "source")
    #expect(choice.pick([("source", 1), ("inputs", 0.89), ("ssa", 0.5)]) == "ssa")
    #expect(choice.pick([("source", 1), ("inputs", .nan), ("ssa", 0.8)]) == "ssa")
    #expect(choice.pick([("source", 1)]) == "source")
  }

  @Test(arguments: [("tent", PredictionTask.Kind.classification), ("ssa", .regression), ("auto", .regression)])
  func methodsThatLowerTheMeasureAreNoCandidates(name: String, kind: PredictionTask.Kind) throws {
    let fault = #expect(throws: Fault.self) { try Self.choice("{candidates: [inputs, \(name)]}", kind) }
    #expect(fault?.kind == .usage && fault?.key == "candidates" && fault?.problem.contains(name) == true)
  }

  /// Drifted inputs of a model with moments, whose answers are the surer for being aligned.
  private static func life(
    _ base: String, _ adapting: Adapting, _ methods: [String], candidates: String = "inputs, norm"
  ) throws -> AdaptLife {
    let recipe = try SettingsTree(yaml: "adaptation: {candidates: [\(candidates)], least_gain: 0}", file: "recipe")
    var inputs = adapting.samples().inputs
    inputs.modalities[0] = inputs.modalities[0] * 0.5 + 1
    var life = AdaptLife(
      model: base, recipe: methods == ["auto"] ? recipe : .empty,
      samples: UnlabelledSplit(name: "drifted", inputs: inputs), methods: methods)
    life.isStopped = { false }
    return life
  }

  /// The product of a choice is that of the chosen method alone, bit for bit, in memory and on disk, also after a stop.
  @Test(arguments: [PredictionTask.Kind.classification, .regression])
  func choiceIsTheChosenMethodsOwnRun(kind: PredictionTask.Kind) throws {
    let adapting = Adapting(kind: kind, count: 60)
    try withTemporaryFolder { folder in
      let base = folder + "/base"
      let model = try adapting.model()
      try ModelFolder.write(model.backbone, to: base)
      try #require(model.sourceMoments).write(to: base)
      let auto = try Self.life(base, adapting, ["auto"]).prepare()
      let inMemory = try auto.run("auto")
      let name = inMemory.outcome.method
      let alone = try Self.life(base, adapting, [name]).prepare().run(name)
      #expect(inMemory.outcome.prediction.floats == alone.outcome.prediction.floats)
      #expect(bytes(inMemory.installation.model) == bytes(alone.installation.model))
      #expect(inMemory.outcome.notes.contains { $0.hasPrefix("chosen: \(name)") })

      let output = try RunFolder(folder + "/run", existing: .refuse)
      var stopped = try Self.life(base, adapting, ["auto"])
      stopped.isStopped = { true }
      #expect(try stopped.prepare().run("auto", folder: output).wasStopped)
      #expect(!FileManager.default.fileExists(atPath: output.adapter))
      let resumed = try auto.run("auto", folder: output, resume: true)
      #expect(bytes(resumed.installation.model) == bytes(alone.installation.model))
      #expect(resumed.description.method == name)
      let read = try ModelWithAdapter(base, adapter: output.adapter).model
      let samples = try Self.life(base, adapting, ["auto"]).target(adapting.configuration, 0).samples
      #expect(read.predict(samples).prediction.floats == alone.outcome.prediction.floats)
    }
  }

  /// The processes of a group compare the same numbers.
  @Test func aGroupChoosesAsOneProcess() throws {
    let adapting = Adapting(kind: .classification, count: 60)
    try withTemporaryFolder { folder in
      let base = folder + "/base"
      let model = try adapting.model()
      try ModelFolder.write(model.backbone, to: base)
      try #require(model.sourceMoments).write(to: base)
      @Sendable func chosen(_ group: ProcessGroup?) throws -> String {
        try ProcessGroup.ofThread.withValue(group) {
          try ownRandomNumbers {
            try Self.life(base, adapting, ["auto"], candidates: "inputs, ssa").prepare().run("auto").outcome.method
          }
        }
      }
      let alone = try chosen(nil)
      #expect(try Members.run(2) { group in try chosen(group) } == [alone, alone])
    }
  }

  /// The features of such a regression cannot be compared with anything.
  @Test func aRegressionWithoutMomentsTakesTheFirstCandidate() throws {
    let adapting = Adapting()
    try withTemporaryFolder { folder in
      try ModelFolder.write(adapting.model().backbone, to: folder + "/base")
      let product = try Self.life(folder + "/base", adapting, ["auto"]).prepare().run("auto")
      #expect(product.outcome.method == "inputs")
      #expect(product.outcome.notes.contains { $0.hasPrefix("not chosen, but the first candidate") })
    }
  }

  /// A stopped choice may have nothing but the runs of candidates. A folder of that name with other files is not its own.
  @Test func theRunsOfCandidatesCountAsARun() throws {
    try withTemporaryFolder { folder in
      try FileManager.default.createDirectory(
        atPath: folder + "/run/candidates/inputs/checkpoint", withIntermediateDirectories: true)
      try "{}".write(toFile: folder + "/run/candidates/inputs/checkpoint/state.json", atomically: true, encoding: .utf8)
      let fault = #expect(throws: Fault.self) { try RunFolder(folder + "/run", existing: .refuse) }
      #expect(fault?.kind == .cannotWrite && fault?.found == "candidates/inputs")
      let notes = folder + "/other/candidates/notes"
      try FileManager.default.createDirectory(
        atPath: folder + "/other/candidates", withIntermediateDirectories: true)
      try "names".write(toFile: notes, atomically: true, encoding: .utf8)
      for existing in [RunFolder.Existing.refuse, .overwrite] {
        _ = try RunFolder(folder + "/other", existing: existing)
      }
      #expect(try String(contentsOfFile: notes, encoding: .utf8) == "names")
    }
  }

  @Test func aStreamIsRefused() throws {
    let adapting = Adapting()
    try withTemporaryFolder { folder in
      try ModelFolder.write(adapting.model().backbone, to: folder + "/base")
      var life = try Self.life(folder + "/base", adapting, ["auto"])
      life.isOnline = true
      let fault = #expect(throws: Fault.self) { try life.prepare().run("auto") }
      #expect(fault?.kind == .usage && fault?.key == "--method")
    }
  }
}
