import Foundation
import Polyphony
import Testing
import Torch

/// `mult` reads the newest step, wherever a data set has it.
@Suite struct StepOrderTests {
  /// Inputs that differ in one step of text alone, and have five real steps of seven.
  private static func inputs(changing step: Int) -> (before: Inputs, after: Inputs) {
    var samples = MissingFixtures.split(2).samples.inputs
    samples.lengths = [Tensor([5, 5]), nil, nil]
    var changed = samples
    let text = samples.modalities[0]
    let moves = (Tensor.range(7) .== Tensor(Double(step), dtype: .int64)).to(.float32).view(1, 7, 1)
    changed.modalities[0] = text + moves
    return (samples, changed)
  }

  private static func model(_ order: Modality.Order?) throws -> MultimodalModel {
    var modalities = MissingFixtures.modalities
    for index in modalities.indices { modalities[index].order = order }
    return try MissingFixtures.model("mult", modalities)
  }

  /// The representation begins with the two features per width of text, which come from the step that is read. The step
  /// that is read depends on itself through its residual, far more than on any other through attention.
  @Test(arguments: [nil, Modality.Order.newestFirst]) func theNewestStepIsRead(order: Modality.Order?) throws {
    let model = try Self.model(order)
    model.train(false)
    let newest = order == nil ? 4 : 0
    var change: [Int: Double] = [:]
    for step in [0, 4] {
      let (before, after) = Self.inputs(changing: step)
      for encodings in [false, true] {
        let pair = noGrad { [before, after].map { model($0, encodings: encodings).representation.slice(1, 0, 16) } }
        change[step, default: 0] += (pair[1] - pair[0]).squared().sum().item
      }
    }
    let read = change[newest] ?? 0
    let other = change[4 - newest] ?? 0
    #expect(read > 2 * other, "step \(newest) moves the read-out by \(read), the other end by \(other)")
  }

  @Test func joinedStagesReadTheSameStep() throws {
    let model = try Self.model(.newestFirst)
    model.train(false)
    let inputs = Self.inputs(changing: 0).before
    expectClose(
      noGrad { model(inputs).prediction }, noGrad { model(inputs, encodings: true).prediction }, 1e-6,
      "joined stages and stage by stage")
  }

  @Test func descriptionsKeepTheOrder() throws {
    var modality = Modality.sequence("text", features: 2, length: 3)
    modality.order = .newestFirst
    let data = try JSONEncoder().encode(modality)
    #expect(String(decoding: data, as: UTF8.self).contains("\"order\":\"newest_first\""))
    #expect(try JSONDecoder().decode(Modality.self, from: data) == modality)
  }
}
