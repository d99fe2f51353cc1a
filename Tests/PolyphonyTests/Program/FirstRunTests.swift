import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyConversion
@testable import PolyphonySupport

/// A practitioner's first minutes: from a table of pandas to predictions by name.
@Suite struct FirstRunTests {
  /// The words of the commands that `polyphony start` prints, without the program's name.
  private static func commands(_ output: String) -> [[String]] {
    output.split(separator: "\n").filter { $0.hasPrefix("polyphony ") }.map {
      $0.split(separator: " ").dropFirst().map(String.init)
    }
  }

  private static func write(_ text: String, _ name: String, _ folder: String) throws {
    _ = try Converting.write(Array(text.utf8), name, in: folder)
  }

  /// The two commands that `start` prints work as they stand.
  @Test func startNamesTwoCommandsThatWork() throws {
    try withTemporaryFolder { folder in
      try Self.write(OwnTable.pandas(rows: 96), "table.csv", folder)
      let start = try Program.succeed(["start", "table.csv", "--group-by", "subject"], in: folder)
      for word in [
        "table: classification of label, 2 classes", "hr_mean, hr_std: prefix hr", "calm", "stress", "50.0 %",
        "runs/table/recipe.yaml",
      ] {
        #expect(start.output.contains(word), "\(word) is not in: \(start.output)")
      }
      for word in ["no group of subject is in two splits", "missing cells", "columns of texts are left out: comment"] {
        #expect(start.errors.contains(word), "\(word) is not in: \(start.errors)")
      }
      let recipe = try #require(text(of: "\(folder)/runs/table/recipe.yaml"))
      #expect(recipe.contains("select: accuracy") && !recipe.contains("class_weights"), "\(recipe)")
      let commands = Self.commands(start.output)
      #expect(commands.map(\.first) == ["run", "predict"])
      for command in commands { try Program.succeed(command, in: folder) }
      let records = try PredictProgramTests.records("\(folder)/runs/table/predictions.csv")
      #expect(records.count > 4 && records[0].contains("probability_calm"))
      #expect(records.dropFirst().allSatisfy { ["calm", "stress"].contains($0[1]) }, "\(records)")
    }
  }

  /// Nothing of the user's is replaced, and nothing is left behind by a refusal.
  @Test func startReplacesOnlyItsOwn() throws {
    try withTemporaryFolder { folder in
      try Self.write(OwnTable.pandas(rows: 48).replacing(",label,", with: ",mood,"), "table.csv", folder)
      let arguments = ["start", "table.csv", "--output", "out"]
      let aimless = try Program.run(arguments, in: folder)
      #expect(aimless.code == 65 && aimless.errors.contains("--target") && aimless.errors.contains("mood"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["table.csv"])
      let whole = arguments + ["--target", "mood"]
      let document = try OrderedJSON(parsing: try Program.succeed(whole + ["--json"], in: folder).output)
      guard case .array(let rows)? = document["results"], case .array(let next)? = rows.first?["next"] else {
        Issue.record("\(document)")
        return
      }
      #expect(next.count == 2 && rows[0]["target"] == "mood" && rows[0]["recipe"] == "out/recipe.yaml")
      let again = try Program.run(whole, in: folder)
      #expect(again.code == 73 && again.errors.contains("--overwrite"), "\(again.errors)")
      try Program.succeed(whole + ["--overwrite"], in: folder)
      try Self.write("data: mine\n", "out/recipe.yaml", folder)
      let refused = try Program.run(whole + ["--overwrite"], in: folder)
      #expect(refused.code == 73 && refused.errors.contains("a recipe of your own"), "\(refused.errors)")
      #expect(text(of: "\(folder)/out/recipe.yaml") == "data: mine\n")
      // A data set folder needs no conversion.
      let known = try Program.succeed(["start", "out/data", "--output", "known"], in: folder)
      #expect(Self.commands(known.output).last?.contains("out/data") == true, "\(known.output)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/known") == ["recipe.yaml"])
    }
  }

  /// Classes of 120, 12 and 12 samples get weights. Missing modalities get a stage, and the recipe passes its rehearsal.
  @Test func theRecipeFitsTheData() throws {
    try withTemporaryFolder { folder in
      let task = PredictionTask(kind: .classification, classes: 3, labels: ["a", "b", "c"])
      let presence = Tensor((0..<144).flatMap { [true, $0 % 4 != 0] }, shape: [144, 2])
      func split(_ name: String, _ first: Int) -> DatasetWriter.Split {
        let inputs = Inputs([.zeros([144, 3]), .zeros([144, 2])], presence: presence)
        return .init(
          name, inputs, target: Tensor((0..<144).map { $0 < 120 ? 0 : $0 < 132 ? 1 : 2 }),
          ids: Array(first..<first + 144))
      }
      try DatasetWriter.write(
        DatasetDescription(
          name: "x", task: task, modalities: [.vector("one", features: 3), .vector("two", features: 2)]),
        [split("train", 0), split("valid", 144)], to: "\(folder)/it's")
      let dataset = try Dataset("\(folder)/it's")
      let recipe = StarterRecipe(dataset.description, try DatasetInspection(dataset), data: dataset.folder)
      for word in ["class_weights: balanced  # The largest class has 10.0", "select: balanced_accuracy", "sample:0.5"] {
        #expect(recipe.text.contains(word), "\(recipe.text)")
      }
      #expect(recipe.hasAdapter)
      let plan = try PipelineRecipe(try SettingsTree(yaml: recipe.text, file: "recipe.yaml"), .single).plans[0]
      #expect(plan.stages.map(\.kind) == [.train, .tune] && plan.data.path == dataset.folder)
    }
  }

  /// Three commands without a flag beyond `--group-by`. The table of new samples has no target, and other columns.
  @Test func threeCommandsFromATableToPredictions() throws {
    try withTemporaryFolder { folder in
      let table = OwnTable.pandas(rows: 96)
      try Self.write(table, "table.csv", folder)
      try Program.succeed(
        ["data", "convert", "--input", "table.csv", "--output", "d", "--group-by", "subject"], in: folder)
      try Program.succeed(["train", "--data", "d", "--output", "x"] + ResumeTests.settings, in: folder)
      let predict = ["predict", "--model", "x", "--data"]
      try Program.succeed(predict + ["d", "--output", "known.csv"], in: folder)
      let rows = table.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
      // The columns come in another order, and the label is left out.
      let unlabelled = rows.map { [$0[4], $0[3], $0[2], $0[1], $0[7]].joined(separator: ",") }.joined(separator: "\n")
      try Self.write(unlabelled + "\n", "new.csv", folder)
      try Program.succeed(predict + ["new.csv", "--output", "new-answers.csv"], in: folder)
      try Program.succeed(predict + ["table.csv", "--output", "answers.csv"], in: folder)
      let known = try PredictProgramTests.records("\(folder)/known.csv")
      let new = try PredictProgramTests.records("\(folder)/new-answers.csv")
      let labelled = try PredictProgramTests.records("\(folder)/answers.csv")
      #expect(new.count == 97 && labelled.count == 97)
      #expect(new[0].last == "present" && labelled[0].suffix(2) == ["target", "error"])
      #expect(labelled.map { Array($0.dropLast(2)) } == new)
      #expect(labelled[1][labelled[0].count - 2] == "calm")
      // The test split of the data set has the same answers as its rows of the table. Probabilities are rounded anew,
      // since the batches have other sizes.
      #expect(known.count > 4)
      for record in known.dropFirst() {
        for (one, other) in zip(labelled[(Int(record[0]) ?? -1) + 1], record) {
          if one.contains("."), let one = Double(one), let other = Double(other) {
            #expect(abs(one - other) < 1e-6)
          } else {
            #expect(one == other)
          }
        }
      }
    }
  }

  /// What a table to predict may lack, and what it may not.
  @Test func tablesToPredictAreChecked() throws {
    try withTemporaryFolder { folder in
      try Self.write(OwnTable.pandas(rows: 48), "table.csv", folder)
      try Program.succeed(["data", "convert", "--input", "table.csv", "--output", "d"], in: folder)
      try Program.succeed(["train", "--data", "d", "--output", "x"] + ResumeTests.settings, in: folder)
      let cases: [(table: String, code: Int32, mentions: [String])] = [
        ("hr_mean,gsr_mean,gsr_std\n1,2,3\n", 65, ["hr", "hr_std", "lacks columns of a modality"]),
        ("gsr_mean,gsr_std\n2,3\n", 65, ["--adapter", "hr", "new.csv"]),
        ("a,b\n2,3\n", 65, ["no column of the model", "hr_mean"]),
        ("hr_mean,hr_std,gsr_mean,gsr_std\n1,x,2,3\n", 65, ["line 2", "hr_std", "«x»"]),
        ("hr_mean,hr_std,gsr_mean,gsr_std\n,,,\n", 65, ["no modality at all"]),
        ("hr_mean,hr_std,gsr_mean,gsr_std,label\n1,1,2,3,joy\n", 65, ["«joy» in row 1", "calm, stress"]),
        ("hr_mean,hr_std,gsr_mean,gsr_std,label\n1,1,2,3,calm\n1,1,2,3,\n", 0, ["1 of 2 rows have no label"]),
        ("hr_mean,hr_std,gsr_mean,gsr_std,label\n,,2,3,\n1,,2,3,\n", 0, ["2 predictions"]),
      ]
      for (table, code, mentions) in cases {
        try Self.write(table, "new.csv", folder)
        let outcome = try Program.run(
          ["predict", "--model", "x", "--data", "new.csv", "--output", "answers.csv"], in: folder)
        #expect(outcome.code == code, "\(table): \(outcome.errors)")
        for mention in mentions { #expect(outcome.errors.contains(mention), "\(mention): \(outcome.errors)") }
      }
      let records = try PredictProgramTests.records("\(folder)/answers.csv")
      #expect(records.map { $0.last ?? "" } == ["present", "gsr", "hr+gsr"])
    }
  }
}
