import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonySupport

/// G²D: its divergences agree with cases worked by hand and with finite differences, and its teachers change nothing.
@Suite struct GradientGuidedDistillationTests {
  @Test func divergenceOfClasses() {
    // Shares ¼, ¾ of the teacher and ½, ½ of the student.
    let teacher = Tensor([0, log(3.0), log(3.0), 0], shape: [2, 2])
    let task = PredictionTask(kind: .classification, classes: 2)
    let found = Distillation.divergence(.zeros([2, 2], dtype: .float64), from: teacher, temperature: 1, task)
    let expected = 0.25 * log(0.5) + 0.75 * log(1.5)
    for value in found.doubles { #expect(abs(value - expected) < 1e-12) }
    // τ = 2 halves the logits: shares 1/(1 + √3), √3/(1 + √3), and the factor 4.
    let share = 1 / (1 + 3.0.squareRoot())
    let soft = Distillation.divergence(.zeros([2, 2], dtype: .float64), from: teacher, temperature: 2, task)
    let half = 4 * (share * log(2 * share) + (1 - share) * log(2 * (1 - share)))
    for value in soft.doubles { #expect(abs(value - half) < 1e-12) }
  }

  @Test func divergenceOfValuesAndLabels() {
    let (student, teacher) = (Tensor([0.0, 0, 1, 3], shape: [2, 2]), Tensor([2.0, 0, 1, 1], shape: [2, 2]))
    let values = Distillation.divergence(student, from: teacher, temperature: 3, PredictionTask(kind: .regression))
    #expect(values.doubles == [2, 2])
    // One label with the shares ¾ of the teacher and ½ of the student, and one that agrees.
    let labels = Distillation.divergence(
      Tensor([0.0, 1], shape: [1, 2]), from: Tensor([log(3.0), 1], shape: [1, 2]), temperature: 1,
      PredictionTask(kind: .multilabel, classes: 2))
    #expect(abs(labels.item - (0.75 * log(1.5) + 0.25 * log(0.5)) / 2) < 1e-12)
  }

  @Test(arguments: [PredictionTask.Kind.classification, .multilabel, .regression])
  func gradientsAgreeWithFiniteDifferences(kind: PredictionTask.Kind) throws {
    let task = kind == .regression ? PredictionTask(kind: kind) : PredictionTask(kind: kind, classes: 3)
    let generator = Generator(seed: 4)
    let teacher = Tensor.normal([4, 3], generator: generator).to(.float64)
    let student = Tensor.normal([4, 3], generator: generator).to(.float64)
    let present = Tensor([true, false, true, true])
    func loss(_ student: Tensor) -> Tensor {
      Distillation.mean(Distillation.divergence(student, from: teacher, temperature: 2, task), over: present)
    }
    let leaf = student.copy().requiringGradient()
    loss(leaf).backward()
    let gradient = try #require(leaf.gradient).doubles
    for place in 0..<12 {
      func moved(_ step: Double) -> Double {
        var values = student.doubles
        values[place] += step
        return loss(Tensor(values, shape: [4, 3])).item
      }
      #expect(abs((moved(1e-5) - moved(-1e-5)) / 2e-5 - gradient[place]) < 1e-8, "place \(place)")
    }
    #expect(gradient[3..<6].allSatisfy { $0 == 0 }, "a sample without the modality teaches nothing")
  }

  @Test func theWeakerModalitiesLeadInTurn() {
    func leaders(_ confidences: [Double]) -> [Int?] {
      (0..<6).map { GradientGuidedDistillation.leader(epoch: $0, stage: 2, confidences: confidences) }
    }
    #expect(leaders([0.9, 0.2, 0.5]) == [1, 1, 2, 2, nil, nil])
    #expect(leaders([0.5, 0.5]) == [0, 0, nil, nil, nil, nil])
    #expect(leaders([0.5]) == [nil, nil, nil, nil, nil, nil])
    #expect(leaders([]) == [nil, nil, nil, nil, nil, nil])
  }

  private static func start(_ model: MultimodalModel, _ split: LabelledSplit, epochs: Int) -> TrainingStart {
    var settings = Tiny.settings(epochs: epochs)
    settings.learningRate = 0.02
    return TrainingStart(model: model, training: split, validation: split, settings: settings, seed: 1)
  }

  @Test func teachersLeaveTheModelAsItWas() throws {
    let configuration = Tiny.configuration("late_fusion")
    let (model, split) = (try Tiny.model(configuration), try Tiny.split(configuration))
    let before = model.backbone.state().map(\.tensor.floats)
    // The teachers' first weights are random too.
    let teachers = try ownRandomNumbers {
      let teachers = try ModalityTeachers(model, for: "g2d")
      #expect(try teachers.train(Self.start(model, split, epochs: 15), epochs: 15, isStopped: { false }))
      return teachers
    }
    #expect(teachers.areTrained)
    let inputs = split.samples.inputs
    let reading = teachers.read(inputs, model)
    #expect(model.backbone.state().map(\.tensor.floats) == before)
    // A teacher reads its own modality alone, and the one with the least noise is the most confident.
    var other = inputs
    other.modalities[1] = other.modalities[1] * 2 + 1
    let again = teachers.read(other, model)
    #expect(again.predictions[0].floats == reading.predictions[0].floats)
    #expect(again.predictions[1].floats != reading.predictions[1].floats)
    let confidences = teachers.confidences(split, model)
    #expect(confidences[0] == confidences.max() && confidences.allSatisfy { $0 > 1.0 / 3 })
    // What is saved gives the same readings.
    let restored = try ModalityTeachers(model, for: "g2d")
    let state = Dictionary(uniqueKeysWithValues: teachers.state().map { ($0.key, $0.tensor) })
    try restored.load(state, file: nil)
    #expect(restored.read(inputs, model).features[2].floats == reading.features[2].floats)
    #expect(throws: Fault.self) { try restored.load([:], file: "strategy.safetensors") }
  }

  @Test(arguments: [TrainingSettings.OptimizerName.adamw, .sgd])
  func onlyTheLeaderLearns(optimizer: TrainingSettings.OptimizerName) throws {
    let configuration = Tiny.configuration("encoder_fusion", modalities: 2)
    let (model, split) = (try Tiny.model(configuration), try Tiny.split(configuration))
    let strategy = try Tiny.strategy("g2d", model, "g2d: {stage: 1, teacher_epochs: 15}")
    func weights(_ prefix: String) -> [[Float]] {
      model.backbone.parameters().filter { $0.key.hasPrefix(prefix) }.map { $0.storage.tensor!.floats }
    }
    let before = ["encoders.0.", "encoders.1.", "out_layer."].map(weights)
    var settings = Tiny.settings(epochs: 1, optimizer: optimizer)
    (settings.weightDecay, settings.learningRate) = (0.1, 0.02)
    let trainer = try Trainer(
      model, training: split, validation: split, settings: settings, seed: 1, hook: strategy)
    _ = try ownRandomNumbers { try trainer.run() }
    let figures = Dictionary(uniqueKeysWithValues: strategy.metrics().map { ($0.name, $0.value) })
    #expect(figures["learns/m0"] == 0 && figures["learns/m1"] == 1, "the first modality is the confident one")
    let after = ["encoders.0.", "encoders.1.", "out_layer."].map(weights)
    #expect(zip(before, after).map { $0 == $1 } == [true, false, false])
  }

  @Test func aStopBeforeTheFirstStepLeavesNoCheckpoint() throws {
    let configuration = Tiny.configuration("encoder_fusion", modalities: 2)
    let (model, split) = (try Tiny.model(configuration), try Tiny.split(configuration))
    try withTemporaryFolder { folder in
      let trainer = try Trainer(
        model, training: split, validation: split, settings: Tiny.settings(), seed: 1,
        hook: try Tiny.strategy("g2d", model), folder: folder)
      let outcome = try trainer.run(isStopped: { true })
      #expect(outcome.wasStopped && outcome.epochs == 0)
      #expect(!FileManager.default.fileExists(atPath: folder + "/checkpoint"))
    }
  }
}
