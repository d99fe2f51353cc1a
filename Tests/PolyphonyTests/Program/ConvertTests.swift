import Foundation
import Polyphony
import Testing
import Torch

/// Runs `polyphony data convert` as a user does.
@Suite struct ConvertTests {
  @Test func convertsValidatesAndTrains() throws {
    try withTemporaryFolder { folder in
      // Reading and writing data needs no libtorch.
      let converted = try Program.succeed(
        [
          "data", "convert", "--input", fixture("conversion/numpy2-protocol5.pkl"), "--output", "\(folder)/data",
          "--modality", "text", "--modality", "audio", "--modality", "vision", "--name", "small",
        ], environment: ["LIBTORCH": "/nowhere"])
      #expect(converted.output.contains("small: regression") && converted.output.contains("train 5, valid 3, test 4"))
      #expect(converted.errors.contains("−∞"), "\(converted.errors)")
      let description = try String(contentsOfFile: "\(folder)/data/dataset.json", encoding: .utf8)
      #expect(description.contains("numpy2-protocol5.pkl (SHA-256 "))
      try Program.succeed(["data", "validate", "\(folder)/data"])
      try Program.succeed(["train", "--data", "\(folder)/data", "--output", "\(folder)/run"] + ResumeTests.settings)
      let leftovers = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      #expect(leftovers == ["data", "run"])
    }
  }

  /// Two commands lead from a table of pandas, with an index, gaps, a subject and a text label, to a trained model.
  @Test func aTableOfPandasIsTrainedOn() throws {
    try withTemporaryFolder { folder in
      _ = try Converting.write(Array(OwnTable.pandas(rows: 96).utf8), "table.csv", in: folder)
      let converted = try Program.succeed(
        ["data", "convert", "--input", "table.csv", "--group-by", "subject", "--output", "mine"], in: folder)
      for word in [
        "missing cells", "no group of subject", "columns of texts are left out: comment", "an index of rows",
      ] {
        #expect(converted.errors.contains(word), "\(word) is not in: \(converted.errors)")
      }
      try Program.succeed(["data", "validate", "mine"], in: folder)
      let inspected = try Program.succeed(["data", "inspect", "mine"], in: folder)
      #expect(inspected.output.contains("missing cells"))
      for normalization in ["standard", "none"] {
        try Program.succeed(
          [
            "train", "--data", "mine", "--architecture", "late_fusion", "--output", normalization, "--set",
            "normalization=\(normalization)",
          ] + ResumeTests.settings, in: folder)
        try Program.succeed(["evaluate", "--model", "\(normalization)/model", "--data", "mine"], in: folder)
        let configuration = try String(contentsOfFile: "\(folder)/\(normalization)/model/config.json", encoding: .utf8)
        #expect(configuration.contains("\"missing_cells\" : \"mean\""))
        #expect(configuration.contains("cell_means") == (normalization == "none"))
      }
    }
  }

  struct Refusal: CustomTestStringConvertible, Sendable {
    let arguments: String
    let code: Int32
    let mentions: [String]
    var testDescription: String { arguments }

    init(_ arguments: String, _ code: Int32, _ mentions: [String]) {
      (self.arguments, self.code, self.mentions) = (arguments, code, mentions)
    }
  }

  static let refusals: [Refusal] = [
    Refusal("--input hostile.pkl --output out", 65, ["os.system", "byte 0"]),
    Refusal("--input absent.pkl --output out", 66, ["absent.pkl"]),
    Refusal("--input table.csv --output absent/out", 73, ["absent"]),
    Refusal("--input table.csv --output .", 73, ["hostile.pkl", "would be lost"]),
    Refusal("--input table.csv --output out --split 1,2,3", 64, ["--split", "1,2,3"]),
    Refusal("--input table.csv --output out --task sorting", 64, ["sorting", "classification"]),
    Refusal("--input table.csv --output out --modality =a_0", 64, ["--modality", "=a_0"]),
    Refusal("--input table.csv --input hostile.pkl --output out", 64, [".npy", "--input NAME=FILE"]),
    Refusal("--input train=table.csv --output out --split 0.7,0.15,0.15", 64, ["--split", "splits already"]),
    Refusal("--input train=table.csv --input hostile.pkl --output out", 64, ["say what they hold", "hostile.pkl"]),
    Refusal("--input a.trian=table.csv --output out", 64, ["a.trian", "did you mean `train`"]),
    Refusal("--input a=table.csv --input a=table.csv --output out", 64, ["two files hold the same part"]),
    Refusal("--input train=absent.csv --output out", 66, ["absent.csv"]),
    Refusal("--input table.csv --output out --group-by subjct", 64, ["--group-by", "subjct"]),
    Refusal("--input table.csv --output out --group-by y", 65, ["fewer groups than splits", "--split 0.8,0.2,0"]),
    Refusal("--input table.csv --output out --target y:1", 64, ["--target", "y:1"]),
    Refusal("--input table.csv --output out --target z", 64, ["--target", "z"]),
    Refusal("--input table.csv --output out --align words", 64, ["--align", "only computational sequences"]),
    Refusal("--input table.parquet --output out", 65, ["Parquet", "read_parquet", "to_csv"]),
    Refusal("--input cut.mat --output out", 65, ["cut.mat", "MAT-file is broken"]),
    Refusal("--input table.csv --output out --target y,z", 64, ["--target", "z", "a_0, y"]),
    Refusal("--input table.csv --output out --target y,y", 64, ["named twice", "y in y,y"]),
    Refusal("--input table.csv --output out --task multilabel", 64, ["--task", "one column: y", "--target A,B,C"]),
    Refusal("--output out", 64, ["--input"]),
  ]

  @Test(arguments: refusals) func refuses(refusal: Refusal) throws {
    try withTemporaryFolder { folder in
      _ = try Converting.write(Array("cos\nsystem\n(S'touch ran'\ntR.".utf8), "hostile.pkl", in: folder)
      _ = try Converting.write(Array("a_0,y\n1,2\n2,3\n".utf8), "table.csv", in: folder)
      _ = try Converting.write(Array("PAR1".utf8), "table.parquet", in: folder)
      _ = try Converting.write(Array("MATLAB 5.0 MAT-file".utf8), "cut.mat", in: folder)
      let arguments = refusal.arguments.split(separator: " ").map(String.init)
      let outcome = try Program.run(["data", "convert"] + arguments, in: folder)
      #expect(outcome.code == refusal.code, "\(outcome.errors)")
      for word in refusal.mentions { #expect(outcome.errors.contains(word), "\(word) is not in: \(outcome.errors)") }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      #expect(left == ["cut.mat", "hostile.pkl", "table.csv", "table.parquet"])
    }
  }

  @Test func helpSaysWhatThereIs() throws {
    let help = try Program.succeed(["data", "convert", "--help"], environment: ["LIBTORCH": "/nowhere"]).output
    for word in [
      "--input", "--output", "--task", "regression, classification, multilabel", "--target", "--text", "text_bert",
      "--modality",
      "--split", "0.7,0.15,0.15", "--split-by", "--id", "--seed", "--name", "read, never run", "--group-by",
      "train=FILE",
      "NAME.train=FILE", "KEY:0", "--align", ".csd", ".mat",
    ] {
      #expect(help.contains(word), "\(word) is not in the help")
    }
    #expect(try Program.succeed(["data", "--help"]).output.contains("convert"))
  }
}
