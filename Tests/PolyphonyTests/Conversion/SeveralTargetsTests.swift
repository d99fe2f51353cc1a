import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyConversion
@testable import PolyphonySupport

/// Converts several columns to targets or labels.
@Suite struct SeveralTargetsTests {
  /// A table with two features and the columns of three targets.
  private static func table(_ header: String, _ targets: (Int) -> [String]) -> [UInt8] {
    let lines = (0..<20).map { "\($0 % 7),\($0 % 5).5,\(targets($0).joined(separator: ","))" }
    return Array((["x_0,x_1,\(header)"] + lines).joined(separator: "\n").utf8)
  }

  private static func values(_ row: Int) -> [String] { ["\(row)", "0.\(row)", "-\(row)"] }
  private static func bits(_ row: Int) -> [String] { ["\(row % 2)", "\(row % 3 == 0 ? 1 : 0)", "1"] }

  @Test func columnsOfATableAreTargets() throws {
    try withTemporaryFolder { folder in
      let path = try Converting.write(Self.table("calm,loud,fast", Self.values), "table.csv", in: folder)
      let conversion = try Converting([path], in: folder) { ($0.target, $0.ratios) = ("fast,calm", [0.5, 0.25, 0.25]) }
      let description = conversion.report.description
      #expect(description.task == PredictionTask(kind: .regression, targets: ["fast", "calm"]))
      // The column `loud` has no role and no prefix, so it is a feature.
      #expect(description.modalities.map(\.name).sorted() == ["features", "x"])
      let dataset = try Dataset(conversion.folder)
      let train = try dataset.labelled("train")
      #expect(train.target.shape == [10, 2])
      let columns = train.target.floats
      #expect((0..<10).allSatisfy { columns[2 * $0] == -columns[2 * $0 + 1] }, "fast is minus calm")
      let inspection = try DatasetInspection(dataset)
      #expect(inspection.targets.map(\.target) == ["fast", "calm", "fast", "calm", "fast", "calm"])
      #expect(inspection.labels.isEmpty)
      let calm = try #require(inspection.targets.last)
      let truth = try dataset.labelled("test").target.select(1, 1).doubles
      #expect(abs(calm.mean - truth.reduce(0, +) / 5) < 1e-9 && calm.largest == truth.max())
    }
  }

  /// Columns of 0 and 1 are labels, unless `--task regression` says otherwise.
  @Test func columnsOfZeroAndOneAreLabels() throws {
    try withTemporaryFolder { folder in
      let path = try Converting.write(Self.table("a,b,c", Self.bits), "table.csv", in: folder)
      let conversion = try Converting([path], in: folder) { $0.target = "a,b,c" }
      let expected = PredictionTask(kind: .multilabel, classes: 3, labels: ["a", "b", "c"])
      #expect(conversion.report.description.task == expected)
      #expect(conversion.report.notes.contains { $0.contains("--task regression predicts them as numbers") })
      #expect(try conversion.file("train")["target"]?.dtype == .u8)
      let train = try Dataset(conversion.folder).labelled("train")
      #expect(train.target.dtype == .float32 && train.target.select(1, 2).floats.allSatisfy { $0 == 1 })
      let inspection = try DatasetInspection(try Dataset(conversion.folder))
      #expect(inspection.labels.first?.counts?.map(\.label) == ["a", "b", "c"])
      try FileManager.default.removeItem(atPath: conversion.folder)
      let numbers = try Converting([path], in: folder) { ($0.target, $0.task) = ("a,b", .regression) }
      #expect(numbers.report.description.task == PredictionTask(kind: .regression, targets: ["a", "b"]))
    }
  }

  @Test func someColumnsOfAnArray() throws {
    try withTemporaryFolder { folder in
      try SeveralFilesTests.write("x.npy", [6, 4], in: folder) { Float($0) / 4 }
      try SeveralFilesTests.write("y.npy", [6, 5], in: folder) { Float($0) / 8 }
      let inputs = ["x=\(folder)/x.npy", "y=\(folder)/y.npy"]
      let conversion = try Converting(inputs, in: folder) { ($0.target, $0.ratios) = ("y:4,1", [1, 0, 0]) }
      #expect(conversion.report.description.task.targets == ["y_4", "y_1"])
      #expect(try conversion.file("train").tensor("target").floats[..<4] == [0.5, 0.125, 1.125, 0.75])
      try FileManager.default.removeItem(atPath: conversion.folder)
      for (target, word) in [("y:0,5", "y:0 to y:4"), ("y:1,1", "named twice")] {
        let fault = try Converting.fault(inputs, in: folder) { $0.target = target }
        #expect(fault?.kind == .usage && fault?.words.contains(word) == true, "\(fault?.words ?? "")")
      }
      let classes = try Converting.fault(inputs, in: folder) { $0.task = .classification }
      #expect(classes?.words.contains("regression or multilabel") == true, "\(classes?.words ?? "")")
      let labels = try Converting.fault(inputs, in: folder) { $0.task = .multilabel }
      #expect(labels?.words.contains("y_1") == true && labels?.words.contains("0.125 in sample 0") == true)
    }
  }

  /// A fault names the column and the row.
  @Test func badCellsAreNamed() throws {
    try withTemporaryFolder { folder in
      func fault(_ cell: String) throws -> Fault? {
        let path = try Converting.write(
          Self.table("calm,loud,fast") { $0 == 7 ? ["1", cell, "2"] : Self.values($0) }, "table.csv", in: folder)
        return try Converting.fault([path], in: folder) { ($0.target, $0.ratios) = ("calm,loud,fast", [1, 0, 0]) }
      }
      let unknown = try fault("nan")
      #expect(unknown?.words.contains("train.loud") == true && unknown?.words.contains("nan in sample 7") == true)
      #expect(try fault("")?.words.contains("a row has no target") == true)
      #expect(try fault("much")?.words.contains("loud") == true)
    }
  }

  @Test(
    arguments: [
      ("y", ["y"], nil), ("y:3", ["y"], [3]), ("y:0,3", ["y"], [0, 3]), ("a,b", ["a", "b"], nil), ("a:b", ["a:b"], nil),
      ("odd,name", ["odd,name"], nil), ("odd:1", ["odd:1"], nil),
    ] as [(String, [String], [Int]?)])
  func formsOfTheOption(text: String, keys: [String], columns: [Int]?) throws {
    let choice = try TargetChoice(parsing: text, among: ["odd,name", "odd:1"])
    #expect(choice.keys == keys && choice.columns == columns && choice.description == text)
  }
}
