import Foundation
import OrderedCollections
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonySupport

/// Summaries of answers have the worst ones first, and come back from a results document.
@Suite struct AnswerSummaryTests {
  private static let names = AnswerNames(samples: ["zero", "one", "two", "three", "four"], classes: ["cat", "dog"])

  private static func classification() throws -> AnswerSummary {
    // The logit differences 2, 3, 1, 3, 4 favour a class. Samples 1, 2 and 3 are wrong.
    let logits = Tensor([2, 0, 3, 0, 0, 1, 0, 3, 4, 0] as [Float]).reshaped(5, 2)
    return try #require(
      AnswerSummary(
        logits, Tensor([0, 1, 0, 0, 0]), task: PredictionTask(kind: .classification, classes: 2), ids: [4, 3, 2, 1, 0],
        names: names))
  }

  @Test func confidentMistakesComeFirst() throws {
    let summary = try Self.classification()
    // Samples 1 and 3 are as confident, and keep their order. Sample 1 has the id 3.
    #expect(summary.worst.map(\.id) == ["three", "one", "two"])
    #expect(summary.worst.map(\.target) == ["dog", "cat", "cat"])
    #expect(summary.worst.map(\.prediction) == ["cat", "dog", "dog"])
    let expected = [3.0, 3, 1].map { 1 / (1 + exp(-$0)) }
    #expect(zip(summary.worst, expected).allSatisfy { abs($0.figure - $1) < 1e-6 })
    #expect(summary.calibration?.count == 5 && summary.classes?.confusion.accuracy == 0.4 && summary.pairs.isEmpty)
  }

  @Test func largeErrorsComeFirst() throws {
    let truth = Tensor([0, 1, 2] as [Float]).reshaped(3, 1)
    let summary = try #require(
      AnswerSummary(
        Tensor([0.5, -1, 2.25] as [Float]).reshaped(3, 1), truth, task: PredictionTask(kind: .regression)))
    #expect(summary.worst.map(\.id) == ["1", "0", "2"] && summary.worst.map(\.figure) == [-2, 0.5, 0.25])
    #expect(summary.pairs.map(\.prediction) == [0.5, -1, 2.25] && summary.calibration == nil)
    let many = Tensor((0..<1001).map { Float($0) }).reshaped(1001, 1)
    let long = try #require(AnswerSummary(many, many, task: PredictionTask(kind: .regression)))
    #expect(long.worst.count == 10 && long.pairs.count <= 200 && long.pairs.last?.target ?? 0 > 990)
  }

  /// Nine images of 2 × 4 pixels. Image k has 4 true pixels, of which the prediction finds the first k; image 8 has no
  /// foreground on either side.
  private static func segmentation() throws -> AnswerSummary {
    let truth = (0..<9).map { image in [1, 1, 1, 1, 0, 0, 0, 0].map { image == 8 ? 0 : $0 } }
    let found = (0..<9).map { image in (0..<8).map { image < 8 && $0 < min(4, image) ? 1 : 0 } }
    let logits = Tensor(found.flatMap { $0.map { Float($0) } }, shape: [9, 1, 2, 4])
    let images = Tensor(Array(0..<72).map { Float($0) }, shape: [9, 1, 2, 4])
    return try #require(
      AnswerSummary(
        .concatenated([Tensor.full([9, 1, 2, 4], 0.5), logits], 1), Tensor(truth.flatMap(\.self), shape: [9, 2, 4]),
        task: PredictionTask(kind: .segmentation, classes: 2), inputs: Inputs([images])))
  }

  @Test func imagesOfBothEndsAreShown() throws {
    let images = try Self.segmentation().images
    #expect(images.map(\.id) == ["0", "1", "2", "5", "6", "7"])
    #expect(zip(images.map(\.dice), [0, 0.4, 2.0 / 3, 1, 1, 1]).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(images[1].width == 4 && images[1].height == 2 && images[1].pixels == [0, 36, 73, 109, 146, 182, 219, 255])
    #expect(images[1].truth == [1, 1, 1, 1, 0, 0, 0, 0] && images[1].prediction == [1, 0, 0, 0, 0, 0, 0, 0])
    var row = RunResult(name: "joint", split: "test")
    row.add(seed: 0, ["dice": 0.5], answers: try Self.segmentation())
    let document = ResultsDocument(command: "train", version: "1", results: [.init(row)])
    let again = try #require(try ResultsDocument(parsing: document.text()).results.first)
    #expect(AnswerSummary.all(again)[0]?.images == images)
  }

  @Test func otherTasksHaveNone() {
    let maps = Tensor.zeros([1, 2, 4, 4])
    #expect(AnswerSummary(maps, .zeros([1, 4, 4]), task: PredictionTask(kind: .segmentation, classes: 2)) == nil)
    // Two values for each sample are no single regression.
    #expect(AnswerSummary(.zeros([3, 2]), .zeros([3, 2]), task: PredictionTask(kind: .regression)) == nil)
  }

  @Test func seedsComeBackFromADocument() throws {
    var result = RunResult(name: "joint", split: "test")
    let summary = try Self.classification()
    result.add(seed: 3, ["accuracy": 0.4], answers: summary)
    result.add(seed: 5, ["accuracy": 0.4], answers: summary)
    #expect(result.classes?.confusion.counts == [4, 4, 2, 0])
    let document = ResultsDocument(command: "train", version: "1", results: [.init(result)])
    let row = try #require(try ResultsDocument(parsing: document.text()).results.first)
    var expected = summary
    expected.classes = nil
    #expect(AnswerSummary.all(row) == [3: expected, 5: expected])
    #expect(ClassReport(row)?.confusion.counts == [4, 4, 2, 0])
  }

  @Test(arguments: [
    #"{"seed": 0, "reliability": [[1, 2]], "worst": [{"id": 3}], "pairs": [[1]]}"#, #"{"seed": 0, "worst": {}}"#,
    #"{"seed": 0, "images": [{"id": "a", "dice": 0, "width": 9223372036854775807, "pixels": "", "truth": [], "prediction": []}]}"#,
  ])
  func brokenPartsAreLeftOut(text: String) throws {
    let row = ResultsDocument.Row(name: "x", extra: ["answers": .array([try OrderedJSON(parsing: text), 4])])
    let found = AnswerSummary.all(row)
    #expect(found.count == 1 && found[0]?.worst == [] && found[0]?.pairs == [] && found[0]?.calibration == nil)
    #expect(found[0]?.images == [])
  }
}
