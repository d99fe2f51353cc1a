import Torch

/// The folders of a comparison's stages, on disk as `comparison.json`. Reports read it together with `results.json`.
///
/// ```json
/// {"reference": "joint", "metric": "accuracy",
///  "contrasts": [{"name": "balanced", "method": "cggm", "against": "joint", "under": "sample:0.5",
///                 "missing": ["sample:0.5"], "shift": []}],
///  "runs": [{"data": "mosi", "method": "cggm", "seed": 0,
///            "stages": [{"kind": "train", "method": "cggm", "folder": "stages/train-cggm-0123456789abcdef"}]}]}
/// ```
/// Folders are relative to the file's folder. Several runs may share one.
public struct ComparisonIndex: Encodable, Equatable, Sendable {
  /// A run of one method on one data set with one seed.
  public struct Run: Encodable, Equatable, Sendable {
    /// A stage of a run.
    public struct Stage: Encodable, Equatable, Sendable {
      /// The kind: `train`, `tune` or `adapt`.
      public var kind: String
      /// The name of the balancing strategy, tuning method or adaptation method.
      public var method: String
      /// The folder of `metrics.jsonl` and `recipe.yaml`, relative to the comparison's.
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

  /// The first method, which all others are compared with. Nil if the file lacks it.
  public var reference: String?
  /// The metric of the comparison. Nil if the file lacks it.
  public var metric: String?
  /// The planned contrasts, which are the questions of the comparison. Default: no contrasts.
  public var contrasts: [Contrast]
  /// All runs, ordered by data set, then method, then seed, as in the recipe.
  public var runs: [Run]

  init(reference: String?, metric: String?, contrasts: [Contrast] = [], runs: [Run]) {
    (self.reference, self.metric, self.contrasts, self.runs) = (reference, metric, contrasts, runs)
  }

  /// Writes the file into a comparison's folder.
  /// - Throws: `Fault(.cannotWrite)`.
  public func write(to folder: String) throws(Fault) { try JSONFile.write(self, to: "\(folder)/\(Self.file)") }
}
