/// One kind of input, such as text or audio: its name and the shape of a sample.
public struct Modality: Codable, Equatable, Sendable {
  /// The form of a sample.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// `[length, features]`: steps in time, possibly padded at the end.
    case sequence
    /// `[features]`; treated as a sequence of one step.
    case vector
    /// `[channels, height, width]`.
    case image
    /// `[channels, depth, height, width]`: a whole volume, for a segmentation.
    case volume
    /// `[length]` whole numbers: the tokens of a text, for an encoder inside a model.
    case tokens
    /// `[3, height, width]` bytes: a picture, for an encoder inside a model.
    case pixels
    /// `[length]` samples of 16 bits: a sound, for an encoder inside a model.
    case waveform
  }

  /// The replacement of cells that the data do not have. Such a cell is NaN in a split's file.
  public enum MissingCells: String, Codable, Sendable, CaseIterable {
    /// The mean of the training split, as the model's configuration keeps it.
    case mean
  }

  /// The order of a sequence's steps in time, where it is not that of time.
  public enum Order: String, Codable, Sendable, CaseIterable {
    /// Step 0 is the newest one, to which the target belongs. The steps after it go back in time.
    case newestFirst = "newest_first"
  }

  /// Its name, which is also the name of its tensor in data files.
  public var name: String
  /// The form of a sample.
  public var kind: Kind
  /// Numbers per step; nil for images, volumes and raw inputs.
  public var features: Int?
  /// Steps, tokens or samples of sound including padding; nil for vectors and pictures.
  public var length: Int?
  /// Channels of an image, a volume or a picture.
  public var channels: Int?
  /// The number of slices of a volume.
  public var depth: Int?
  /// Height of an image or a picture in pixels.
  public var height: Int?
  /// Width of an image or a picture in pixels.
  public var width: Int?
  /// The samples of a sound in a second; nil for all else.
  public var sampleRate: Int?
  /// The replacement of missing cells; nil if the modality may have none.
  public var missingCells: MissingCells?
  /// The order of a sequence's steps; nil for steps that follow time. A backbone that reads the last step (`mult`) reads
  /// the first one of a sequence that is newest first.
  public var order: Order?
  /// The columns of its features in the table that the data was converted from; nil for data from elsewhere.
  public var columns: [String]?
  /// The encoder that computed its features, or that reads its raw inputs; nil for features from elsewhere.
  public var encoder: EncoderRecord?
  /// The way from volumes to its pictures; nil for pictures from elsewhere.
  public var slices: SliceRecord?

  enum CodingKeys: String, CodingKey {
    case name, kind, features, length, channels, depth, height, width, order, columns, encoder, slices
    case missingCells = "missing_cells"
    case sampleRate = "sample_rate"
  }

  /// Makes a sequence of `length` steps with `features` numbers each.
  public static func sequence(_ name: String, features: Int, length: Int) -> Modality {
    Modality(name: name, kind: .sequence, features: features, length: length)
  }

  /// Makes a vector of `features` numbers.
  public static func vector(_ name: String, features: Int) -> Modality {
    Modality(name: name, kind: .vector, features: features)
  }

  /// Makes an image of `channels` × `height` × `width`.
  public static func image(_ name: String, channels: Int, height: Int, width: Int) -> Modality {
    Modality(name: name, kind: .image, channels: channels, height: height, width: width)
  }

  /// Makes a volume of `channels` × `depth` × `height` × `width`.
  public static func volume(_ name: String, channels: Int, depth: Int, height: Int, width: Int) -> Modality {
    Modality(name: name, kind: .volume, channels: channels, depth: depth, height: height, width: width)
  }

  /// Makes the tokens of texts, `length` a sample, which an encoder inside a model reads.
  public static func tokens(_ name: String, length: Int, encoder: EncoderRecord) -> Modality {
    Modality(name: name, kind: .tokens, length: length, encoder: encoder)
  }

  /// Makes pictures of `height` × `width`, which an encoder inside a model reads.
  public static func pixels(_ name: String, height: Int, width: Int, encoder: EncoderRecord) -> Modality {
    Modality(name: name, kind: .pixels, channels: 3, height: height, width: width, encoder: encoder)
  }

  /// Makes sounds of `length` samples at a rate, which an encoder inside a model reads.
  public static func waveform(_ name: String, length: Int, sampleRate: Int, encoder: EncoderRecord) -> Modality {
    Modality(name: name, kind: .waveform, length: length, sampleRate: sampleRate, encoder: encoder)
  }

  /// The shape of one sample.
  public var sampleShape: [Int] {
    switch kind {
    case .sequence: [length ?? 0, features ?? 0]
    case .vector: [features ?? 0]
    case .image, .pixels: [channels ?? 0, height ?? 0, width ?? 0]
    case .volume: [channels ?? 0, depth ?? 0, height ?? 0, width ?? 0]
    case .tokens, .waveform: [length ?? 0]
    }
  }

  /// Kind, shape and rate for messages, such as `waveform [48000] at 16000 a second`.
  var form: String { "\(kind.rawValue) \(sampleShape)" + (sampleRate.map { " at \($0) a second" } ?? "") }

  /// The largest number of features, steps, channels or pixels along an axis.
  static let largestSize = 1 << 24

  /// True if all sizes of a sample are from 1 to ``largestSize``.
  var hasPossibleSizes: Bool { sampleShape.allSatisfy { (1...Self.largestSize).contains($0) } }

  /// The numbers of a step, or the channels of an image or a volume: the axis that statistics keep.
  package var statisticsCount: Int { (isMapped ? channels : features) ?? 0 }

  /// True if a sample has steps, of which those at the end may be padding.
  public var hasSteps: Bool { losesSteps || kind == .waveform }

  /// True if a sample has steps that can be lost one by one. A sound has too many samples for that.
  public var losesSteps: Bool { kind == .sequence || kind == .tokens }

  /// The steps of a sample as a sequence; 1 for vectors and pictures.
  public var steps: Int { hasSteps ? length ?? 0 : 1 }
}
