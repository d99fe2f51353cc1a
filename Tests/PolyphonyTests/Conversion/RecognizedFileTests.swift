import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyConversion
@testable import PolyphonySupport

/// A conversion recognises known files by their SHA-256.
@Suite struct RecognizedFileTests {
  @Test func theTableIsWhatThePublisherSays() {
    #expect(RecognizedFile.known.count == 5)
    for (hash, file) in RecognizedFile.known {
      #expect(hash.count == 64 && hash.allSatisfy { $0.isHexDigit && !$0.isUppercase })
      #expect(file.range == (file.metrics == .sims ? [-1, 1] : [-3, 3]))
      #expect(file.path.hasPrefix(file.dataset + "/Processed/"))
    }
    #expect(
      Set(RecognizedFile.known.values.map(\.name)) == [
        "mosi-unaligned_50", "mosi-aligned_50", "mosei-unaligned_50", "mosei-aligned_50", "sims-unaligned_39",
      ])
  }

  /// The conversion of a known file fills in name, task, metrics and source, and notes it. A fixture serves as known
  /// file.
  @Test func aKnownFileIsNamed() throws {
    let path = fixture("conversion/numpy2-protocol5.pkl")
    let sims = try #require(RecognizedFile.known.values.first { $0.metrics == .sims })
    let hash = try FileHash.sha256(of: path)
    try withTemporaryFolder { folder in
      var options = ConversionOptions(inputs: [path], output: folder + "/known")
      let report = try DatasetConversion.run(options, known: [hash: sims])
      #expect(report.notes.first == "recognised: MMSA's unaligned_39.pkl of SIMS")
      #expect(report.description.name == "sims-unaligned_39")
      #expect(report.description.task == PredictionTask(kind: .regression, range: [-1, 1], metrics: .sims))
      let source = try #require(report.description.source)
      #expect(source.contains("CH-SIMS") && source.contains("SIMS/Processed/unaligned_39.pkl") && source.contains(hash))

      // The user's options take precedence over the known values.
      options.name = "mine"
      options.target = "classification_labels"
      let chosen = try DatasetConversion.run(options, known: [hash: sims])
      #expect(chosen.description.name == "mine" && chosen.description.task.kind == .classification)

      // An unknown file is converted as before.
      let unknown = try DatasetConversion.run(ConversionOptions(inputs: [path], output: folder + "/unknown"))
      #expect(unknown.description.name == "numpy2-protocol5" && unknown.description.task.metrics == .sentiment)
      #expect(!unknown.notes.contains { $0.contains("recognised") })
    }
  }
}
