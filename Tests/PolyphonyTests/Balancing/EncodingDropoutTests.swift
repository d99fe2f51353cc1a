import Testing
import Torch

@testable import Polyphony

/// Dropout of encodings leaves the rest alone, and never takes a sample's last one.
@Suite struct EncodingDropoutTests {
  private func encodings(_ samples: Int, modalities: Int) -> [Tokens] {
    (0..<modalities).map { Tokens(.full([samples, 2, 3], Double($0 + 1))) }
  }

  private func kept(_ tokens: [Tokens]) -> [[Bool]] {
    let columns = tokens.map { $0.values.sum(1, 2).floats.map { $0 != 0 } }
    return columns[0].indices.map { row in columns.map { $0[row] } }
  }

  @Test func theShareIsTheRate() {
    ownRandomNumbers {
      let inputs = Inputs([.zeros([4000, 1]), .zeros([4000, 1]), .zeros([4000, 1])])
      let dropped = EncodingDropout.applied(to: encodings(4000, modalities: 3), of: inputs, rates: [0.3, 0.3, 0.3])
      let rows = kept(dropped)
      #expect(rows.allSatisfy { $0.contains(true) })
      // A sample that would lose all three, 0.3³ of them, keeps all.
      let lost = Double(rows.joined().count { !$0 }) / 12000
      #expect(abs(lost - (0.3 - 0.027)) < 0.015)
      // What stays is not scaled.
      #expect(Set(dropped[2].values.floats) == [0, 3])
    }
  }

  @Test func eachModalityHasItsOwnRate() {
    ownRandomNumbers {
      let inputs = Inputs([.zeros([4000, 1]), .zeros([4000, 1])])
      let rows = kept(
        EncodingDropout.applied(to: encodings(4000, modalities: 2), of: inputs, rates: [0.6, 0]))
      #expect(abs(Double(rows.count { !$0[0] }) / 4000 - 0.6) < 0.03)
      #expect(rows.allSatisfy { $0[1] })
    }
  }

  @Test func theLastPresentModalityStays() {
    ownRandomNumbers {
      var inputs = Inputs([.zeros([500, 1]), .zeros([500, 1])])
      inputs.presence = Tensor([true, false]).unsqueezed(0).expanded(500, 2)
      let rows = kept(EncodingDropout.applied(to: encodings(500, modalities: 2), of: inputs, rates: [0.5, 0.5]))
      #expect(rows.allSatisfy { $0[0] })
      let alone = Inputs([.zeros([500, 1])])
      let single = EncodingDropout.applied(to: encodings(500, modalities: 1), of: alone, rates: [0.9])
      #expect(kept(single).allSatisfy { $0[0] })
    }
  }

  @Test(arguments: ["late_fusion", "encoder_fusion", "mult", "deeplab_v3plus"])
  func onlyTheFusionLosesEncodings(architecture: String) throws {
    let configuration = Tiny.configuration(
      architecture, architecture == "deeplab_v3plus" ? .segmentation : .classification, modalities: 2)
    let model = try Tiny.model(configuration)
    model.train(false)
    let batch = Tiny.batch(configuration, count: 4)
    let plain = model(batch.inputs, encodings: true)
    func zeroed(_ tokens: [Tokens]) -> [Tokens] {
      tokens.enumerated().map { index, tokens in
        var tokens = tokens
        tokens.values = tokens.values * Double(index)
        tokens.details = tokens.details.map { $0 * Double(index) }
        return tokens
      }
    }
    let dropped = model(batch.inputs, encodings: true, fusionInput: zeroed)
    for (a, b) in zip(dropped.encoded, plain.encoded) { expectClose(a.values, b.values, 0, "the output has all") }
    let expected = model.backbone.head(model.backbone.represent(encoded: zeroed(plain.encoded)))
    expectClose(dropped.prediction, expected, 1e-6, "the fusion reads what is left")
    #expect((dropped.prediction - plain.prediction).abs().sum().item > 1e-4)
  }

  @Test func cggmsClassifiersReadAllEncodings() throws {
    let configuration = Tiny.configuration("late_fusion", modalities: 2)
    let batch = Tiny.batch(configuration)
    func metrics(_ drop: Double) throws -> [(name: String, value: Double)] {
      let model = try Tiny.model(configuration)
      let strategy = try Tiny.strategy("cggm", model, "cggm: {drop: \(drop)}")
      let stepper = TrainingStepper(model, settings: Tiny.settings(), hook: strategy)
      ownRandomNumbers { _ = stepper.step(batch) }
      return strategy.metrics().filter { $0.name.hasPrefix("score/") }
    }
    #expect(try metrics(0.9).map(\.value) == metrics(0).map(\.value))
  }
}
