/// The pretrained encoder that computed a modality's features from raw inputs, or that reads them inside a model.
///
/// `dataset.json` has it for each such modality, and a model's `config.json` carries it on. So a prediction does with a raw
/// input what the training did.
public struct EncoderRecord: Codable, Equatable, Sendable {
  /// The detector that decides what of an input the encoder reads.
  public struct Detector: Codable, Equatable, Sendable {
    /// The detector's family, such as `silero_vad`.
    public var family: String
    /// The SHA-256 of the detector. `polyphony encoders describe` prints it.
    public var sha256: String
    /// The detector's folder when the features were computed.
    public var folder: String?

    /// Makes a record.
    public init(family: String, sha256: String, folder: String? = nil) {
      (self.family, self.sha256, self.folder) = (family, sha256, folder)
    }

    /// The record for messages, such as `mtcnn 53aa51172d14`.
    public var summary: String { "\(family) \(sha256.prefix(12))" }
  }

  /// The form of the raw inputs: `text`, `image`, `audio` or `video`.
  public var content: String
  /// The encoder's family, such as `bert`.
  public var family: String
  /// The SHA-256 of the encoder. `polyphony encoders describe` prints it.
  public var sha256: String
  /// The layer whose states are the features. −1 is the last one.
  public var layer: Int
  /// The way from steps to a sample, or to a frame of a video: `none`, `mean`, `first` or `embedding`.
  public var pooling: String
  /// The most tokens, samples or frames that are read. It is nil for encoders without a limit.
  public var longest: Int?
  /// The frames of a video, or the samples of sound, in a second.
  public var rate: Double?
  /// The number of different tokens that an encoder inside a model knows. It is nil for all others.
  public var vocabulary: Int?
  /// The encoder's folder when the features were computed.
  public var folder: String?
  /// The detector before the encoder. It is nil if the encoder reads inputs as they are.
  public var detector: Detector?

  enum CodingKeys: String, CodingKey {
    case content, family, sha256, layer, pooling, longest, rate, vocabulary, folder, detector
  }

  /// Makes a record.
  public init(
    content: String, family: String, sha256: String, layer: Int, pooling: String, longest: Int? = nil,
    rate: Double? = nil, vocabulary: Int? = nil, folder: String? = nil,
    detector: Detector? = nil
  ) {
    (self.content, self.family, self.sha256) = (content, family, sha256)
    (self.layer, self.pooling, self.longest) = (layer, pooling, longest)
    (self.rate, self.vocabulary, self.folder, self.detector) = (rate, vocabulary, folder, detector)
  }

  /// True if both encoders compute the same features of the same parts of inputs, wherever their folders are.
  public func computesLike(_ other: EncoderRecord) -> Bool {
    var other = other
    other.folder = folder
    other.detector?.folder = detector?.folder
    return self == other
  }

  /// The record for messages, such as `bert 53aa51172d14, layer -1, pooling mean`.
  public var summary: String {
    let rate = rate.map { ", \(Self.text($0)) a second" } ?? ""
    let detection = detector.map { " behind \($0.summary)" } ?? ""
    return "\(family) \(sha256.prefix(12)), layer \(layer), pooling \(pooling)\(rate)\(detection)"
  }

  private static func text(_ rate: Double) -> String { rate.rounded() == rate ? "\(Int(rate))" : "\(rate)" }
}
