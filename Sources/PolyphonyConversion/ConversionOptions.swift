import Polyphony

/// What `polyphony data convert` is told; everything but input and output is found out where it is not given.
public struct ConversionOptions: Sendable {
  /// A modality of the result, and what it is made of.
  public struct ModalityChoice: Equatable, Sendable {
    /// Its name in the data set.
    public var name: String
    /// The key of its array, or its columns in a table; nil for those that bear its name.
    public var keys: [String]?

    /// Reads `NAME` or `NAME=KEY[,KEY…]`.
    /// - Throws: `Fault(.usage)` for anything else.
    public init(parsing text: String) throws(Fault) {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let keys = parts.count == 2 ? parts[1].split(separator: ",", omittingEmptySubsequences: false) : nil
      guard !parts[0].isEmpty, keys?.contains(where: \.isEmpty) != true else {
        throw Fault(
          .usage, "this names no modality", key: "--modality", found: text,
          expected: "NAME, NAME=KEY, or NAME=COLUMN,COLUMN")
      }
      (name, self.keys) = (parts[0], keys?.map(String.init))
    }
  }

  /// Which form of MMSA's text is taken.
  public enum TextForm: String, CaseIterable, Sendable {
    /// Embeddings, `[N, length, features]`.
    case text
    /// BERT's token numbers, mask and segments, `[N, 3, length]`, turned to `[N, length, 3]`.
    case tokens = "text_bert"
  }

  static let defaultID = "id"
  static let defaultSplitBy = "split"

  /// The files: one, or several single `.npy` arrays.
  public var inputs: [String]
  /// The data set folder to make.
  public var output: String
  /// What is to be predicted; found out from the target where nil.
  public var task: PredictionTask.Kind?
  /// The key or column of the target.
  public var target: String?
  /// Which of `text` and `text_bert` is the text.
  public var text: TextForm?
  /// The modalities; where empty, those that are found.
  public var modalities: [ModalityChoice] = []
  /// Shares of train, valid and test, for files without splits.
  public var ratios = [0.7, 0.15, 0.15]
  /// What the assignment of samples to splits follows from.
  public var seed: UInt64 = 0
  /// The data set's name; that of the file where nil.
  public var name: String?
  /// The key or column of identifiers.
  public var id: String?
  /// The key or column that says which split a sample belongs to.
  public var splitBy: String?

  /// The options with their defaults.
  public init(inputs: [String], output: String) { (self.inputs, self.output) = (inputs, output) }

  /// Reads shares such as `0.7,0.15,0.15`.
  /// - Throws: `Fault(.usage)` for anything but three shares that sum to 1, the first above 0.
  public static func ratios(parsing text: String) throws(Fault) -> [Double] {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let values = parts.compactMap { Double($0) }
    guard parts.count == 3, values.count == 3, values.allSatisfy({ (0...1).contains($0) }), values[0] > 0,
      abs(values.reduce(0, +) - 1) < 1e-6
    else {
      throw Fault(
        .usage, "these are no shares of train, valid and test", key: "--split", found: text,
        expected: "three numbers that sum to 1, such as 0.7,0.15,0.15")
    }
    return values
  }

  /// The options for a file whose keys are paths: the slash in front is left away, and a path names its modality.
  var withPaths: ConversionOptions {
    func path(_ key: String) -> String { String(key.drop { $0 == "/" }) }
    var options = self
    (options.target, options.id, options.splitBy) = (target.map(path), id.map(path), splitBy.map(path))
    options.modalities = modalities.map { choice in
      var choice = choice
      choice.keys = (choice.keys ?? [choice.name]).map(path)
      choice.name = choice.name.split(separator: "/").last.map(String.init) ?? choice.name
      return choice
    }
    return options
  }

  /// The keys under which a target is looked for, the likeliest first.
  var targetNames: [String] {
    let general = ["labels", "label", "target", "targets", "y"]
    switch task {
    case .classification: return ["classification_labels"] + general + ["class", "annotations"]
    default: return ["regression_labels"] + general + ["class", "classification_labels"]
    }
  }
}
