import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Tables of predictions have the model's numbers, and the figures by class are those of the textbooks.
@Suite struct AnswerTests {
  private static let modalities = [Modality.vector("imu", features: 2), .vector("audio", features: 1)]

  private static func table(
    _ task: PredictionTask, _ prediction: Tensor, target: Tensor? = nil, ids: [Int]? = nil, names: [String]? = nil,
    labels: [String]? = nil
  ) throws -> PredictionTable {
    let count = prediction.size(0)
    let presence = Tensor((0..<count).flatMap { [true, $0 % 2 == 0] }, shape: [count, 2])
    let samples = UnlabelledSplit(
      name: "test", inputs: Inputs([.zeros([count, 2]), .zeros([count, 1])], presence: presence), ids: ids)
    return try PredictionTable(
      Predictions(prediction: prediction, representation: .zeros([count, 1])), of: samples,
      configuration: ModelConfiguration(architecture: "late_fusion", modalities: modalities, task: task),
      target: target, names: names, labels: labels)
  }

  @Test func aRegressionHasValuesAndErrors() throws {
    let table = try Self.table(
      PredictionTask(kind: .regression), Tensor([0.1, -2.5, 1e-9] as [Float], shape: [3, 1]),
      target: Tensor([0.3, 1, 0] as [Float], shape: [3, 1]), ids: [7, 3, 5])
    #expect(table.columns == ["id", "prediction", "present", "target", "error"])
    let error = (0.1 as Float) - 0.3
    let expected = [
      "id,prediction,present,target,error", "7,0.1,imu+audio,0.3,\(error)", "3,-2.5,imu,1.0,-3.5",
      "5,1e-09,imu+audio,0.0,1e-09", "",
    ]
    #expect(table.text(.csv).components(separatedBy: "\n") == expected)
    let line = try OrderedJSON(parsing: String(table.text(.jsonl).split(separator: "\n")[0]))
    #expect(line["id"] == 7 && line["prediction"] == 0.1 && line["present"] == "imu+audio" && line["target"] == 0.3)
    let noTarget = try Self.table(PredictionTask(kind: .regression), Tensor([1, 2] as [Float], shape: [2, 1]))
    #expect(noTarget.text(.tsv) == "id\tprediction\tpresent\n0\t1.0\timu+audio\n1\t2.0\timu\n")
  }

  @Test func aClassificationHasTheSoftmaxOfItsLogits() throws {
    let logits = Tensor.normal([50, 4], generator: Generator(seed: 3)) * 4
    let truth = (0..<50).map { $0 % 4 }
    let labels = ["a", "=b", "c,d", "\"e\""]
    let task = PredictionTask(kind: .classification, classes: 4, labels: labels)
    let table = try Self.table(task, logits, target: Tensor(truth))
    let (expected, winners) = (logits.softmax(1).floats, logits.argmax(1).integers)
    for row in 0..<50 {
      let cells = table.row(row)
      let probabilities = Array(expected[(row * 4)..<(row * 4 + 4)])
      let sum: Double = probabilities.reduce(0) { $0 + Double($1) }
      let error = winners[row] == truth[row] ? 0 : 1
      #expect(cells[1] == .text(labels[winners[row]]) && cells[7] == .text(labels[truth[row]]))
      #expect(cells[8] == PredictionTable.Value.integer(error))
      #expect(Array(cells[2..<6]) == probabilities.map { PredictionTable.Value.number($0) })
      #expect(abs(sum - 1) < 1e-6)
      #expect(table.ranking(row)[0].name == labels[winners[row]])
      // The text of either form reads back as the same bits.
      let object = try OrderedJSON(parsing: table.json(row).text(.line))
      for (index, label) in labels.enumerated() {
        guard case .number(let number)? = object["probability_\(label)"] else {
          Issue.record("no probability of \(label)")
          continue
        }
        #expect(Float(number).bitPattern == probabilities[index].bitPattern)
        #expect(Float(probabilities[index].description)?.bitPattern == probabilities[index].bitPattern)
      }
    }
  }

  @Test func severalTargetsHaveAColumnEach() throws {
    let task = PredictionTask(kind: .regression, targets: ["calm", "loud"])
    let table = try Self.table(
      task, Tensor([0.5, 2, 1, -1] as [Float], shape: [2, 2]), target: Tensor([1, 2, 0, 0] as [Float], shape: [2, 2]))
    let expected = [
      "id,prediction_calm,prediction_loud,present,target_calm,target_loud,error_calm,error_loud",
      "0,0.5,2.0,imu+audio,1.0,2.0,-0.5,0.0", "1,1.0,-1.0,imu,0.0,0.0,1.0,-1.0", "",
    ]
    #expect(table.text(.csv).components(separatedBy: "\n") == expected)
    #expect(table.values(1).map(\.name) == ["calm", "loud"] && table.values(1).map(\.value) == [1, -1])
    #expect(table.ranking(0).isEmpty)
  }

  @Test func labelsHaveAnAnswerAndAProbabilityEach() throws {
    let task = PredictionTask(kind: .multilabel, classes: 3, labels: ["dog", "rain", "car"])
    let logits = Tensor([0, -2, 3, -1, -1, -1] as [Float], shape: [2, 3])
    let table = try Self.table(task, logits, target: Tensor([1, 1, 1, 0, 0, 0] as [Float], shape: [2, 3]))
    let labels = ["dog", "rain", "car"]
    let columns =
      ["id", "prediction"] + labels.map { "predicted_\($0)" } + labels.map { "probability_\($0)" } + [
        "present", "target",
      ]
      + labels.map { "target_\($0)" } + labels.map { "error_\($0)" }
    #expect(table.columns == columns)
    let probabilities = logits.sigmoid().floats.map { PredictionTable.Value.number($0) }
    let first: [PredictionTable.Value] = [.integer(0), .text("dog+car"), .integer(1), .integer(0), .integer(1)]
    let truth: [PredictionTable.Value] = [
      .text("imu+audio"), .text("dog+rain+car"), .integer(1), .integer(1), .integer(1), .integer(0), .integer(1),
      .integer(0),
    ]
    #expect(table.row(0) == first + probabilities[..<3] + truth)
    #expect(table.row(1)[1] == .text(""), "no label holds")
    #expect(table.ranking(0).map(\.name) == ["car", "dog", "rain"])
    let unnamed = try Self.table(PredictionTask(kind: .multilabel, classes: 3), logits)
    #expect(unnamed.row(0)[1] == .text("0+2") && unnamed.columns.last == "present")
  }

  /// A text that a spreadsheet would run is one no longer. Numbers stay as they are.
  @Test(arguments: [
    ("plain", "plain"), ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), ("\ttab", "'\ttab"),
    ("\rreturn", "\"'\rreturn\""), ("a,b", "\"a,b\""), ("say \"hi\"", "\"say \"\"hi\"\"\""),
    ("two\nlines", "\"two\nlines\""),
    ("=HYPERLINK(\"x\",1)", "\"'=HYPERLINK(\"\"x\"\",1)\""), ("a=b", "a=b"), ("", ""), ("é", "é"),
    ("x\"\u{301}", "\"x\"\"\u{301}\""),
  ])
  func textsAreQuotedAndHarmless(text: String, field: String) throws {
    let table = try Self.table(
      PredictionTask(kind: .regression), Tensor([-1] as [Float], shape: [1, 1]), ids: [0], names: [text])
    #expect(table.text(.csv) == "id,prediction,present\n\(field),-1.0,imu+audio\n")
    #expect(try OrderedJSON(parsing: table.text(.jsonl))["id"] == .string(text))
  }

  @Test func whatHasNoRowIsRefused() throws {
    #expect(throws: Fault.self) {
      try Self.table(PredictionTask(kind: .segmentation, classes: 2), .zeros([1, 2, 4, 4]))
    }
    #expect(throws: Fault.self) {
      try Self.table(PredictionTask(kind: .regression), .zeros([1, 1]), ids: [4], names: ["only"])
    }
    #expect(throws: Fault.self) { try Self.table(PredictionTask(kind: .regression), .full([1, 1], .nan)) }
    // Labels that are the same tell nothing apart.
    let task = PredictionTask(kind: .classification, classes: 2, labels: ["x", "x"])
    #expect(try Self.table(task, .zeros([1, 2])).columns.contains("probability_1"))
  }

  /// The figures of scikit-learn's `classification_report` for the same truths and predictions, but for what it sets to 0
  /// because it is undefined.
  @Test func figuresByClass() throws {
    let confusion = try ConfusionMatrix(truth: [0, 0, 1, 1, 2, 2], prediction: [0, 1, 1, 1, 0, 2], classes: 4)
    let report = ClassReport(confusion, labels: ["a", "b", "c", "d"])
    let third: Double = 2.0 / 3
    let precision: [Double?] = [0.5, third, 1, nil]
    let recall: [Double?] = [0.5, 1, 0.5, nil]
    let f1: [Double?] = [0.5, 0.8, third, nil]
    #expect(report.rows.map(\.support) == [2, 2, 2, 0])
    #expect(report.rows.map(\.precision) == precision)
    #expect(report.rows.map(\.recall) == recall)
    #expect(report.rows.map(\.f1) == f1)
    let matrix: [[String]] = [
      ["a", "1", "1", "0", "0"], ["b", "0", "2", "0", "0"], ["c", "1", "0", "1", "0"], ["d", "0", "0", "0", "0"],
    ]
    #expect(report.matrix.rows == matrix)
    #expect(report.table.rows[1] == ["b", "2", "0.667", "1.000", "0.800"])
    #expect(report.table.rows[3] == ["d", "0", "undefined", "undefined", "undefined"])
    #expect(report.remark == nil)
    var row = ResultsDocument.Row(name: "x")
    for (key, value) in report.members { row.extra[key] = value }
    let document = ResultsDocument(command: "evaluate", version: "1", results: [row])
    let read = try #require(try ResultsDocument(parsing: document.text()).results.first)
    #expect(ClassReport(read) == report)
    #expect(ClassReport(ResultsDocument.Row(name: "y")) == nil)
  }

  @Test func manyClassesAreFolded() throws {
    let truth = (0..<40).flatMap { Array(repeating: $0, count: $0 + 1) }
    let report = ClassReport(try ConfusionMatrix(truth: truth, prediction: truth.map { ($0 + 1) % 40 }, classes: 40))
    let rows = report.matrix.rows
    #expect(rows.count == 12 && rows.allSatisfy { $0.count == 13 })
    #expect(rows.first?.first == "29" && rows.last?.first == "29 others")
    let total = rows.flatMap { $0.dropFirst().compactMap { Int($0) } }.reduce(0, +)
    #expect(total == truth.count, "no sample is lost")
    #expect(report.table.rows.count == 11 && report.remark?.contains("29 others") == true)
  }
}
