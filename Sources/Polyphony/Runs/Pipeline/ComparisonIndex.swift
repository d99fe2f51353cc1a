import Torch

/// Where the stages of a comparison lie: `comparison.json`, which reports are made from together with `results.json`.
public struct ComparisonIndex: Codable, Equatable, Sendable {
  /// A method on a data set with one seed.
  public struct Run: Codable, Equatable, Sendable {
    /// A stage.
    public struct Stage: Codable, Equatable, Sendable {
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

  /// The first method, with which the others are compared.
  public var reference: String
  /// The metric that they are compared by.
  public var metric: String
  /// All runs: data sets, then methods, then seeds, in the recipe's order.
  public var runs: [Run]

  /// Reads the file of a comparison's folder.
  /// - Throws: `Fault(.missingInput)` where there is none, `Fault(.badData)` where it is damaged.
  public init(folder: String) throws(Fault) {
    self = try JSONFile.read(
      Self.self, from: "\(folder)/\(Self.file)", remedy: "name the output folder of «polyphony compare»")
  }

  init(reference: String, metric: String, runs: [Run]) {
    (self.reference, self.metric, self.runs) = (reference, metric, runs)
  }

  /// Writes the file into a comparison's folder.
  /// - Throws: `Fault(.cannotWrite)`.
  public func write(to folder: String) throws(Fault) { try JSONFile.write(self, to: "\(folder)/\(Self.file)") }
}
