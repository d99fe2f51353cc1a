import Torch

/// Where the stages of a comparison lie: `comparison.json`, which reports are made from together with `results.json`.
///
/// ```json
/// {"reference": "joint", "metric": "accuracy",
///  "contrasts": [{"name": "balanced", "method": "cggm", "against": "joint", "under": "sample:0.5",
///                 "missing": ["sample:0.5"], "shift": []}],
///  "runs": [{"data": "mosi", "method": "cggm", "seed": 0,
///            "stages": [{"kind": "train", "method": "cggm", "folder": "stages/train-cggm-0123456789abcdef"}]}]}
/// ```
/// Folders are relative to the file's; runs may share one.
public struct ComparisonIndex: Encodable, Equatable, Sendable {
  /// A method on a data set with one seed.
  public struct Run: Encodable, Equatable, Sendable {
    /// A stage.
    public struct Stage: Encodable, Equatable, Sendable {
      /// `train`, `tune` or `adapt`.
      public var kind: String
      /// The balancing strategy, tuning method or method of adaptation.
      public var method: String
      /// Its folder, relative to the comparison's: with `metrics.jsonl` and `recipe.yaml`.
      public var folder: String
    }

    /// The data set's name.
    public var data: String
    /// The method's name.
    public var method: String
    /// The seed.
    public var seed: UInt64
    /// The stages in order.
    public var stages: [Stage]
  }

  /// The file's name.
  public static let file = "comparison.json"

  /// The first method, with which the others are compared; nil where a file does not say.
  public var reference: String?
  /// The metric that they are compared by; nil where a file does not say.
  public var metric: String?
  /// What the comparison is to answer; empty where nothing is planned.
  public var contrasts: [Contrast]
  /// All runs: data sets, then methods, then seeds, in the recipe's order.
  public var runs: [Run]

  init(reference: String?, metric: String?, contrasts: [Contrast] = [], runs: [Run]) {
    (self.reference, self.metric, self.contrasts, self.runs) = (reference, metric, contrasts, runs)
  }

  /// Writes the file into a comparison's folder.
  /// - Throws: `Fault(.cannotWrite)`.
  public func write(to folder: String) throws(Fault) { try JSONFile.write(self, to: "\(folder)/\(Self.file)") }
}
