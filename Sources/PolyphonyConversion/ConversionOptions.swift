import Polyphony

/// The options of a conversion. Only input and output are required, and the conversion infers the others.
///
/// ```swift
/// var options = ConversionOptions(inputs: ["features.npz"], output: "Data/gestures")
/// options.task = .classification
/// options.target = "gesture"
/// options.modalities = [try .init(parsing: "pose=joints"), try .init(parsing: "audio")]
/// options.ratios = try ConversionOptions.ratios(parsing: "0.8,0.1,0.1")
/// ```
public struct ConversionOptions: Sendable {
  /// A modality of the result and its keys in the source.
  public struct ModalityChoice: Equatable, Sendable {
    /// The modality's name in the data set.
    public var name: String
    /// The key of its array, or its columns in a table. If it is nil, they have the modality's name.
    public var keys: [String]?
    /// The form of the raw inputs in its column. It is nil for numbers.
    public var content: RawContent?

    /// Makes a choice of keys.
    init(name: String, keys: [String], content: RawContent? = nil) {
      (self.name, self.keys, self.content) = (name, keys, content)
    }

    /// Reads a choice of the form `NAME`, `NAME=KEY[,KEY…]` or `NAME=COLUMN:CONTENT`.
    /// - Throws: `Fault(.usage)` for any other form.
    public init(parsing text: String) throws(Fault) {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let keys = parts.count == 2 ? parts[1].split(separator: ",", omittingEmptySubsequences: false) : nil
      guard !parts[0].isEmpty, keys?.contains(where: \.isEmpty) != true else {
        throw Fault(
          .usage, "this names no modality", key: "--modality", found: text,
          expected: "NAME, NAME=KEY, or NAME=COLUMN,COLUMN")
      }
      (name, self.keys) = (parts[0], keys?.map(String.init))
      for content in RawContent.allCases
      where self.keys?.count == 1 && self.keys?[0].hasSuffix(":\(content.rawValue)") == true {
        self.content = content
        self.keys?[0].removeLast(content.rawValue.count + 1)
      }
    }
  }

  /// A form of MMSA's text.
  public enum TextForm: String, CaseIterable, Sendable {
    /// The text as embeddings, `[N, length, features]`.
    case text
    /// The text as BERT's token numbers, mask and segments. `[N, 3, length]` is transposed to `[N, length, 3]`.
    case tokens = "text_bert"
  }

  static let defaultID = "id"
  static let defaultSplitBy = "split"
  static let defaultRatios = [0.7, 0.15, 0.15]

  /// The input files: one file, several single `.npy` arrays, or files of the forms `train=FILE`, `NAME=FILE` and
  /// `NAME.train=FILE`.
  public var inputs: [String]
  /// The data set folder to make.
  public var output: String
  /// The prediction task. If it is nil, the target decides it.
  public var task: PredictionTask.Kind?
  /// The key or column of the target. `A,B` are several columns, each a target. `KEY:3` and `KEY:0,3` are columns,
  /// counted from 0, of an array with several.
  public var target: String?
  /// The key that holds the text, `text` or `text_bert`.
  public var text: TextForm?
  /// The modalities. If there are none, the conversion takes those that it finds.
  public var modalities: [ModalityChoice] = []
  /// The computations of features, by the names of raw modalities.
  public var extractors: [String: any FeatureExtractor] = [:]
  /// The shares of train, valid and test, for files without splits. If they are nil, 0.7, 0.15 and 0.15 are used.
  public var ratios: [Double]?
  /// The seed for the assignment of samples to splits.
  public var seed: UInt64 = 0
  /// The data set's name. If it is nil, the file's name is used.
  public var name: String?
  /// The key or column of identifiers.
  public var id: String?
  /// The key or column with the split of each sample.
  public var splitBy: String?
  /// The key or column of groups, such as subjects. No group falls into two splits.
  public var groupBy: String?
  /// True if samples without targets are an error.
  public var needsTarget = false
  /// True for a table to predict, in which rows may lack a target.
  var isForPrediction = false
  /// True for volumes that become one sample each, in place of their slices.
  public var wholeVolumes = false
  /// The computational sequence whose entries are the steps of all. If it is nil, it is one of texts, such as words, or
  /// else every sequence keeps its own entries.
  public var align: String?
  /// The target as the table has it, once the table is known. It is nil without ``target``.
  var chosenTarget: TargetChoice?

  /// Makes options with their defaults.
  public init(inputs: [String], output: String) { (self.inputs, self.output) = (inputs, output) }

  /// Reads shares such as `0.7,0.15,0.15`.
  /// - Throws: `Fault(.usage)` unless there are three shares that sum to 1, the first above 0.
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

  /// The options for a table of some format: keys are paths in HDF5, and segments of one video stay in one split.
  func fitted(to table: SourceTable) -> ConversionOptions {
    if table.format == "HDF5" { return withPaths }
    guard table.format == SequenceSource.format, groupBy == nil else { return self }
    var options = self
    options.groupBy = SequenceSource.video
    return options
  }

  /// The options for a file whose keys are paths. Leading slashes are removed, and a path gives its modality a name.
  private var withPaths: ConversionOptions {
    func path(_ key: String) -> String { String(key.drop { $0 == "/" }) }
    var options = self
    (options.id, options.splitBy) = (id.map(path), splitBy.map(path))
    options.target = target.map { keys in
      keys.split(separator: ",", omittingEmptySubsequences: false).map { path(String($0)) }.joined(separator: ",")
    }
    options.groupBy = groupBy.map(path)
    options.modalities = modalities.map { choice in
      var choice = choice
      choice.keys = (choice.keys ?? [choice.name]).map(path)
      choice.name = choice.name.lastPart
      return choice
    }
    return options
  }

  /// The options with the target read for a table.
  /// - Throws: `Fault(.usage)` for a column that is named twice.
  func withTarget(in table: SourceTable) throws(Fault) -> ConversionOptions {
    var options = self
    options.chosenTarget = try target.map { (target) throws(Fault) in
      try TargetChoice(parsing: target, among: table.parts.flatMap { $0.columns.map(\.name) })
    }
    return options
  }

  /// The usual keys of targets of any task.
  var allTargetNames: Set<String> {
    ["regression_labels", "classification_labels", "labels", "label", "target", "targets", "y", "class"]
  }

  /// The possible keys of a target, the most likely first.
  var targetNames: [String] {
    let general = ["labels", "label", "target", "targets", "y"]
    switch task {
    case .classification: return ["classification_labels"] + general + ["class", "annotations"]
    default: return ["regression_labels"] + general + ["class", "classification_labels"]
    }
  }
}
