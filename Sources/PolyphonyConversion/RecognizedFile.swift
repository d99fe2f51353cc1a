import Polyphony

/// A feature file that its publisher identifies by SHA-256, so that its content need not be guessed.
struct RecognizedFile: Equatable, Sendable {
  /// The data set's name as in its papers.
  var dataset: String
  /// The file's path in its publisher's folders.
  var path: String
  /// The publisher, and the source of the data.
  var source: String
  /// The range of the targets.
  var range: [Double]
  /// The family of metrics for its task.
  var metrics: PredictionTask.MetricFamily

  /// The file's name without its folders.
  var file: String { path.lastPart }

  /// A name for the data set folder, such as `mosi-unaligned_50`.
  var name: String {
    let stem = file.split(separator: ".").first.map(String.init) ?? file
    return "\(dataset.lowercased())-\(stem)"
  }

  /// The note about a recognised file.
  var note: String { "recognised: MMSA's \(file) of \(dataset)" }

  /// The files of MMSA by their SHA-256, from its README, section «SHA-256 for feature files» (github.com/thuiar/MMSA,
  /// commit a94e65d of January 2025). Ranges and metrics are those of the data sets' papers.
  static let known: [String: RecognizedFile] = [
    "78e0f8b5ef8ff71558e7307848fc1fa929ecb078203f565ab22b9daab2e02524": mosi("unaligned_50"),
    "d3994fd25681f9c7ad6e9c6596a6fe9b4beb85ff7d478ba978b124139002e5f9": mosi("aligned_50"),
    "ad8b23d50557045e7d47959ce6c5b955d8d983f2979c7d9b7b9226f6dd6fec1f": mosei("unaligned_50"),
    "45eccfb748a87c80ecab9bfac29582e7b1466bf6605ff29d3b338a75120bf791": mosei("aligned_50"),
    "c9e20c13ec0454d98bb9c1e520e490c75146bfa2dfeeea78d84de047dbdd442f": RecognizedFile(
      dataset: "SIMS", path: "SIMS/Processed/unaligned_39.pkl",
      source: "CH-SIMS (Yu et al., ACL 2020), features of MMSA (github.com/thuiar/MMSA)", range: [-1, 1], metrics: .sims
    ),
  ]

  private static func mosi(_ stem: String) -> RecognizedFile {
    RecognizedFile(
      dataset: "MOSI", path: "MOSI/Processed/\(stem).pkl",
      source: "CMU-MOSI (Zadeh et al., 2016), features of MMSA (github.com/thuiar/MMSA)", range: [-3, 3],
      metrics: .sentiment)
  }

  private static func mosei(_ stem: String) -> RecognizedFile {
    RecognizedFile(
      dataset: "MOSEI", path: "MOSEI/Processed/\(stem).pkl",
      source: "CMU-MOSEI (Zadeh et al., ACL 2018), features of MMSA (github.com/thuiar/MMSA)", range: [-3, 3],
      metrics: .sentiment)
  }
}
