import Foundation
import Polyphony
import Testing

/// Our kernels and libtorch's operators train the same model. The switch changes the speed and not the results.
@Suite struct FusedTrainingTests {
  /// The losses and scores of every epoch, by name.
  private func curves(_ folder: String, _ environment: [String: String], _ architecture: String, _ data: String) throws
    -> [String: [Double]]
  {
    let run = "\(folder)/\(environment.isEmpty ? "fused" : "plain")"
    let rates = ["attention", "relu", "residual", "embedding", "output"].flatMap { ["--set", "model.dropout.\($0)=0"] }
    try Program.succeed(
      ["train", "--data", data, "--architecture", architecture, "--output", run] + ResumeTests.settings + rates,
      environment: environment)
    var curves: [String: [Double]] = [:]
    for line in try String(contentsOfFile: "\(run)/metrics.jsonl", encoding: .utf8).split(separator: "\n") {
      let record = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      for name in ["train/loss", "valid/loss", "valid/mae"] {
        curves[name, default: []].append(try #require(record[name] as? Double))
      }
    }
    return curves
  }

  @Test(arguments: ["late_fusion", "encoder_fusion", "mult"]) func sameTrainingCurve(architecture: String) throws {
    try withTemporaryFolder { folder in
      let data = try ResumeTests.dataset(folder)
      let fused = try curves(folder, [:], architecture, data)
      let plain = try curves(folder, ["POLYPHONY_FUSED": "0"], architecture, data)
      #expect(fused["train/loss"]?.count == 4)
      for (name, values) in fused {
        let others = try #require(plain[name])
        for (a, b) in zip(values, others) { #expect(abs(a - b) <= 1e-3 * abs(b), "\(name): \(values), \(others)") }
      }
      #expect(fused != plain, "the switch does switch")
    }
  }

  @Test(arguments: [("POLYPHONY_ISA", "avx1024", "plain, avx2 or avx512"), ("POLYPHONY_FUSED", "off", "0 for")])
  func misspeltSwitchesAreRefused(variable: String, value: String, expected: String) throws {
    let outcome = try Program.run(["doctor"], environment: [variable: value])
    #expect(outcome.code != 0)
    let text = outcome.output + outcome.errors
    #expect(text.contains(variable) && text.contains(value) && text.contains(expected), "\(text)")
  }

  @Test func aRunResumedElsewhereSaysSo() throws {
    try withTemporaryFolder { folder in
      let arguments =
        ["train", "--data", try ResumeTests.dataset(folder), "--output", "\(folder)/run", "--resume"]
        + ResumeTests.settings
      try Program.succeed(arguments)
      let more = arguments + ["--set", "training.epochs=5"]
      let same = try Program.succeed(more)
      #expect(!same.errors.contains("the last bits"), "\(same.errors)")
      let other = try Program.succeed(
        arguments + ["--set", "training.epochs=6"], environment: ["POLYPHONY_FUSED": "0"])
      #expect(other.errors.contains("no own kernels") && other.errors.contains("the last bits"), "\(other.errors)")
    }
  }
}
