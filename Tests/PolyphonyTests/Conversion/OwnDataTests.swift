import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyConversion
@testable import PolyphonySupport

/// Converts tables as practitioners have them. Every decision is in a note.
@Suite struct OwnDataTests {
  private func convert(
    _ table: String, in folder: String, _ adjust: (inout ConversionOptions) throws -> Void = { _ in }
  ) throws -> (conversion: Converting, notes: String) {
    let path = try Converting.write(Array(table.utf8), "table.csv", in: folder)
    let conversion = try Converting([path], in: folder, adjust)
    return (conversion, conversion.report.notes.joined(separator: "\n"))
  }

  @Test func groupsStayInOneSplit() throws {
    try withTemporaryFolder { folder in
      let table = OwnTable.pandas(rows: 96)
      let (conversion, notes) = try convert(table, in: folder) { $0.groupBy = "subject" }
      var subjects: [Int: String] = [:]
      for split in conversion.report.splits {
        for row in try conversion.file(split.name).tensor("id").integers {
          #expect(subjects.updateValue(split.name, forKey: row % 8) ?? split.name == split.name)
        }
      }
      #expect(subjects.count == 8 && Set(subjects.values).count == 3)
      #expect(conversion.report.splits.map(\.samples).reduce(0, +) == 96)
      #expect(conversion.report.description.modalities.map(\.name) == ["hr", "gsr"])
      #expect(conversion.report.description.modalities.map(\.missingCells) == [.mean, nil])
      #expect(conversion.report.description.task.labels == ["calm", "stress"])
      for word in ["no group of subject", "an index of rows", "left out: comment", "the target is label"] {
        #expect(notes.contains(word), "\(word) is not in: \(notes)")
      }
      _ = try DatasetInspection(try Dataset(conversion.folder))
    }
  }

  @Test func randomSplitsOfSubjectsAreWarnedOf() throws {
    try withTemporaryFolder { folder in
      let (_, notes) = try convert(OwnTable.pandas(rows: 96), in: folder)
      #expect(notes.contains("warning: subject looks like a group (8 different values in 96 samples)"), "\(notes)")
      #expect(notes.contains("--group-by subject"), "\(notes)")
    }
  }

  @Test func idsMustDiffer() throws {
    try withTemporaryFolder { folder in
      let path = try Converting.write(Array(OwnTable.pandas(rows: 96).utf8), "table.csv", in: folder)
      let fault = try Converting.fault([path], in: folder) { $0.id = "subject" }
      for word in ["--id", "8 different values in 96 samples", "--group-by subject"] {
        #expect(fault?.words.contains(word) == true, "\(word) is not in: \(fault?.words ?? "")")
      }
    }
    // A column that is called id and repeats is not used.
    try withTemporaryFolder { folder in
      let table = "id,a_0,y\n" + (0..<40).map { "\($0 % 4),\($0),\($0 % 2)\n" }.joined()
      let (conversion, notes) = try convert(table, in: folder)
      #expect(notes.contains("id identifies no samples") && notes.contains("--group-by id"), "\(notes)")
      let ids = try conversion.report.splits.flatMap { try conversion.file($0.name).tensor("id").integers }
      #expect(ids.sorted() == Array(0..<40))
    }
  }

  @Test func tablesWithoutPrefixesAreOneModality() throws {
    try withTemporaryFolder { folder in
      let (conversion, notes) = try convert(OwnTable.bare(rows: 60) { $0 % 3 }, in: folder)
      var features = Modality.vector("features", features: 2)
      features.columns = ["hr", "gsr"]
      #expect(conversion.report.description.modalities == [features])
      #expect(notes.contains("features: hr, gsr") && notes.contains("--modality NAME=COLUMN"), "\(notes)")
      #expect(notes.contains("3 different whole numbers in 60 samples are classes"), "\(notes)")
      #expect(notes.contains("--task regression"), "\(notes)")
    }
  }

  @Test func manyWholeNumbersAreClasses() throws {
    try withTemporaryFolder { folder in
      let (conversion, notes) = try convert(OwnTable.bare(rows: 800) { $0 % 100 }, in: folder)
      #expect(conversion.report.description.task.classes == 100)
      #expect(notes.contains("100 different whole numbers in 800 samples are classes"), "\(notes)")
    }
  }

  @Test func splitsWithoutAClassAreNamed() throws {
    try withTemporaryFolder { folder in
      let table = "a_0,label,split\n1,calm,train\n2,stress,train\n3,calm,valid\n4,stress,test\n"
      let (_, notes) = try convert(table, in: folder)
      #expect(notes.contains("valid has no sample of 1 of 2 classes: stress"), "\(notes)")
      #expect(notes.contains("test has no sample of 1 of 2 classes: calm"), "\(notes)")
    }
  }

  @Test func sharesForExistingSplitsAreRefused() throws {
    try withTemporaryFolder { folder in
      let path = try Converting.write(Array("a_0,y,split\n1,2,train\n2,3,test\n".utf8), "table.csv", in: folder)
      let fault = try Converting.fault([path], in: folder) { $0.ratios = [0.8, 0.1, 0.1] }
      #expect(fault?.kind == .usage)
      #expect(fault?.words.contains("--split | 0.8,0.1,0.1") == true, "\(fault?.words ?? "")")
    }
  }

  @Test(arguments: [false, true]) func validationComesFromTraining(isGrouped: Bool) throws {
    try withTemporaryFolder { folder in
      let rows = (0..<100).map { "\($0),\($0 % 5 == 0 ? "rare" : "usual"),s\($0 % 10),\($0 < 80 ? "train" : "test")\n" }
      let table = "a_0,label,subject,split\n" + rows.joined()
      let (conversion, notes) = try convert(table, in: folder) { if isGrouped { $0.groupBy = "subject" } }
      #expect(conversion.report.splits.map(\.name) == ["train", "valid", "test"])
      #expect(notes.contains("the file has no validation split"), "\(notes)")
      let (train, valid) = (try conversion.file("train"), try conversion.file("valid"))
      let (kept, held) = (try train.tensor("id").integers, try valid.tensor("id").integers)
      #expect((kept + held).sorted() == Array(0..<80))
      if isGrouped {
        #expect(Set(kept.map { $0 % 10 }).isDisjoint(with: held.map { $0 % 10 }) && !held.isEmpty)
        #expect(notes.contains("warning: the file's own splits share 10 of 10 groups"), "\(notes)")
      } else {
        // 16 of the 80 are rare.
        #expect(held.count == 12)
        #expect((2...3).contains(try valid.tensor("target").integers.count { $0 == 0 }))
        #expect(notes.contains("warning: subject looks like a group"), "\(notes)")
      }
    }
  }

  @Test func samplesWithoutAnyCellLackTheModality() throws {
    try withTemporaryFolder { folder in
      let rows = (0..<20).map { "\($0 == 4 ? "" : "\($0)"),\($0 < 6 && $0 > 2 ? "" : "1"),\($0),\($0 % 2)\n" }
      let (conversion, notes) = try convert("a_0,a_1,b_0,label\n" + rows.joined(), in: folder) {
        $0.ratios = [1, 0, 0]
      }
      let file = try conversion.file("train")
      let a = try file.tensor("a").floats
      #expect(a.indices.filter { a[$0].isNaN } == [7, 11])
      #expect(try file.tensor("presence").integers == (0..<20).flatMap { [$0 == 4 ? 0 : 1, 1] })
      #expect(notes.contains("train: 2 missing cells (5.3 %) in a") && notes.contains("1 samples lack a"), "\(notes)")
    }
  }
}

/// The decisions of a conversion, without files.
@Suite struct ConversionDecisionTests {
  @Test(
    arguments: [
      ("subject", true), ("Speaker ID", true), ("video_id", true), ("sessionNr", true), ("groups", true),
      ("video_0", false), ("siteseeing", false), ("age", false), ("user_age", false),
    ])
  func namesOfGroups(name: String, isGroup: Bool) { #expect(Grouping.isName(name) == isGroup) }

  @Test func partitionsAreSeededAndNearTheShares() {
    let groups = (0..<400).map { "g\($0 * $0 % 37)" }
    let shares = [0.7, 0.15, 0.15]
    let first = GroupPartition(groups, shares: shares, seed: 3)
    #expect(first.rows == GroupPartition(groups, shares: shares, seed: 3).rows)
    #expect((4..<9).contains { GroupPartition(groups, shares: shares, seed: $0).rows != first.rows })
    #expect(first.rows.joined().sorted() == Array(0..<400))
    for (rows, share) in zip(first.rows, shares) { #expect(abs(Double(rows.count) / 400 - share) < 0.06) }
    let names = first.rows.map { Set($0.map { groups[$0] }) }
    #expect(
      names.indices.allSatisfy { one in names.indices.allSatisfy { $0 == one || names[one].isDisjoint(with: names[$0]) }
      })
    // A single large group does not take the place of the small ones.
    let uneven = GroupPartition(Array(repeating: "a", count: 98) + ["b", "c"], shares: shares, seed: 0)
    #expect(uneven.groupCounts == [1, 1, 1])
  }

  @Test(arguments: [UInt64(0), 1, 2]) func everySplitHasItsShareOfEveryClass(seed: UInt64) {
    // 200 samples of four classes: 150, 40, 9 and 1.
    let classes: [Double] = (0..<200).map { $0 % 200 == 7 ? 3 : $0 % 22 == 3 ? 2 : $0 % 5 == 0 ? 1 : 0 }
    let partition = StratifiedPartition(classes, sizes: [140, 30, 30], seed: seed)
    #expect(partition.rows.map(\.count) == [140, 30, 30])
    #expect(partition.rows.joined().sorted() == Array(0..<200))
    #expect(partition.rows == StratifiedPartition(classes, sizes: [140, 30, 30], seed: seed).rows)
    #expect(partition.rows != StratifiedPartition(classes, sizes: [140, 30, 30], seed: seed + 3).rows)
    for label in [0.0, 1, 2, 3] {
      let total = classes.count { $0 == label }
      for (rows, share) in zip(partition.rows, [0.7, 0.15, 0.15]) {
        let found = Double(rows.count { classes[$0] == label })
        #expect(abs(found - share * Double(total)) <= 1.5, "\(label): \(found) of \(total)")
      }
      #expect(partition.rows[0].contains { classes[$0] == label })
    }
  }

  /// Eight groups hold the rare class alone or not at all. Sizes alone would not tell them apart.
  @Test(arguments: UInt64(0)..<8) func groupsAreSpreadByClass(seed: UInt64) {
    let groups = (0..<400).map { "g\($0 % 40)" }
    let classes: [Double] = (0..<400).map { $0 % 40 < 8 ? 1 : 0 }
    let partition = GroupPartition(groups, classes: classes, shares: [0.5, 0.25, 0.25], seed: seed)
    let rare = partition.rows.map { rows in rows.count { classes[$0] == 1 } }
    #expect(rare == [40, 20, 20])
    #expect(partition.groupCounts == [20, 10, 10])
  }

  @Test func wholeNumbersAreClassesIfTheyRepeat() {
    func kind(_ values: [Double], _ count: Int, isFloat: Bool = false, key: String = "y") -> PredictionTask.Kind {
      TargetDecision(key: key, isFloat: isFloat, distinct: Set(values), count: count).kind
    }
    #expect(kind([0, 1], 8) == .classification)
    #expect(kind([7, 9, 40], 30) == .classification)
    #expect(kind((0..<100).map(Double.init), 250) == .classification)
    #expect(kind((1...100).map(Double.init), 250) == .classification)
    #expect(kind((0..<100).map { Double(3 * $0) }, 250) == .regression)
    #expect(kind((0..<100).map { Double(3 * $0) }, 1000) == .classification)
    #expect(kind((0..<100).map(Double.init), 100) == .regression)
    #expect(kind([0, 1], 8, isFloat: true) == .regression)
    #expect(kind([0, 0.5], 8) == .regression)
    #expect(kind([0, 1], 8, key: "regression_labels") == .regression)
    #expect(TargetDecision(key: "y", isFloat: true, distinct: [0, 1], count: 8).note?.contains("--task") == true)
    #expect(TargetDecision(key: "y", isFloat: true, distinct: [0, 0.5], count: 8).note == nil)
  }

  @Test func validationNeedsSamples() {
    #expect(ValidationShare(count: 7, groups: nil, classes: nil, seed: 0) == nil)
    #expect(ValidationShare(count: 20, groups: nil, classes: nil, seed: 0)?.places.count == 3)
    #expect(ValidationShare(count: 20, groups: Array(repeating: "a", count: 20), classes: nil, seed: 0) == nil)
  }
}
