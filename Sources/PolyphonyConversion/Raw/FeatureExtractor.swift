import Polyphony

/// The form of the raw inputs in a column.
public enum RawContent: String, CaseIterable, Sendable {
  /// The cell is a text.
  case text
  /// The cell is the path of a picture, relative to the table.
  case image
  /// The cell is the path of a file with sound, relative to the table.
  case audio
  /// The cell is the path of a video, relative to the table.
  case video
}

/// A computation of features from raw inputs, such as a pretrained encoder of texts.
///
/// The conversion knows no encoder. It hands the cells of a column over, and takes numbers back.
public protocol FeatureExtractor: Sendable {
  /// The form of the inputs that it reads.
  var content: RawContent { get }
  /// The description that the data set and its models keep.
  var record: EncoderRecord { get }

  /// Returns the modality of raw inputs that it makes for an encoder inside a model. It is nil if it makes features.
  /// - Parameters:
  ///   - name: the modality's name.
  ///   - length: the steps of the longest input.
  func rawModality(_ name: String, length: Int) -> Modality?

  /// The same extractor, which keeps weights in memory from one call to the next. One thread at a time may use it.
  func keepingWeights() -> any FeatureExtractor

  /// Computes the features of inputs.
  /// - Parameters:
  ///   - inputs: the cells of a column. Equal cells are computed once.
  ///   - folder: the folder that relative paths start from.
  ///   - progress: called with the numbers of inputs that are done and of all.
  /// - Throws: `Fault` if the encoder cannot be read or does not know an input.
  func features(
    of inputs: [String], folder: String, progress: (_ done: Int, _ total: Int) -> Void
  ) throws(Fault) -> ExtractedFeatures
}

extension FeatureExtractor {
  /// Default: it makes features.
  public func rawModality(_ name: String, length: Int) -> Modality? { nil }

  /// Default: it has nothing to keep.
  public func keepingWeights() -> any FeatureExtractor { self }
}

/// The features of several inputs, in their order.
public struct ExtractedFeatures {
  /// The numbers of a step.
  public var width: Int
  /// True if an input has several steps. Otherwise it is one vector.
  public var isSequence: Bool
  /// The steps of each input. It is 0 for an input without content, such as an empty text.
  public var steps: [Int]
  /// Sentences about inputs that could not be read, each with the input and the reason.
  public var notes: [String]
  /// Reads the numbers of an input, step by step.
  public var read: (_ input: Int) throws(Fault) -> [Float]

  /// Describes features.
  public init(
    width: Int, isSequence: Bool, steps: [Int], notes: [String] = [],
    read: @escaping (Int) throws(Fault) -> [Float]
  ) {
    (self.width, self.isSequence, self.steps) = (width, isSequence, steps)
    (self.notes, self.read) = (notes, read)
  }
}
