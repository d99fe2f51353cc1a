import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Loss, gradient and Dice agree with the published segmentation.
@Suite struct SegmentationGoldenTests {
  struct Configuration: Decodable {
    var class_weights: [Double]
  }

  @Test func lossGradientAndDice() throws {
    let file = try SafetensorsFile(path: fixture("golden/segmentation.safetensors"))
    let configuration = try JSONDecoder().decode(Configuration.self, from: Data(file.metadata["config"]!.utf8))
    let task = PredictionTask(kind: .segmentation, classes: 4)
    let loss = try TaskLoss(.dice, for: task, classWeights: configuration.class_weights)
    let (logits, target) = (try file.tensor("logits").requiringGradient(), try file.tensor("target"))
    let value = loss(logits, target)
    expectClose(value.reshaped(1), try file.tensor("loss"), 1e-5, "loss")
    expectClose(try #require(value.gradients(with: [logits])[0]), try file.tensor("grad"), 1e-4, "autograd's gradient")
    expectClose(loss.gradient(logits, target), try file.tensor("grad"), 1e-4, "closed gradient")
    expectClose(SegmentationScore.dice(logits, target, classes: 4), try file.tensor("dice"), 1e-5, "Dice")
    // The usual weights of four classes are the published ones.
    expectClose(TaskLoss(task)(logits, target).reshaped(1), try file.tensor("loss"), 1e-5, "the usual loss")
  }

  @Test func reportedDiceAgrees() throws {
    let file = try SafetensorsFile(path: fixture("golden/segmentation.safetensors"))
    let predicted = try file.tensor("logits").argmax(1)
    let target = try file.tensor("target")
    let samples = try (0..<2).map {
      try ConfusionMatrix(truth: target[$0].integers, prediction: predicted[$0].integers, classes: 4)
    }
    let values = SegmentationMetrics.values(
      samples: samples, classes: 4, regions: SegmentationMetrics.Region.braTS, smoothing: 1e-3)
    let expected = try file.tensor("dice").doubles
    for (region, value) in zip(["ET", "TC", "WT"], expected) {
      let found = try #require(values["dice_\(region)"])
      #expect(abs(found - value) < 1e-5)
    }
  }

  @Test func weightsAreChecked() throws {
    let task = PredictionTask(kind: .segmentation, classes: 4)
    #expect(throws: Fault.self) { try TaskLoss(.dice, for: task, classWeights: [1, 2]) }
    #expect(throws: Fault.self) { try TaskLoss(.absolute, for: task) }
    #expect(throws: Fault.self) { try TaskLoss(.absolute, for: .init(kind: .regression), classWeights: [1]) }
    #expect(throws: Fault.self) { try TaskLoss(.dice, for: .init(kind: .classification, classes: 3)) }
  }
}
