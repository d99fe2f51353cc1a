/// The pretrained encoder that computed a modality's features from raw inputs, or that reads its tokens inside a model.
///
/// `dataset.json` has it for each such modality, and a model's `config.json` carries it on. So a prediction does with a raw
/// input what the training did.
public struct EncoderRecord: Codable, Equatable, Sendable {
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
  /// The number of different tokens that the encoder knows. It is nil for an encoder before the model.
  public var vocabulary: Int?
  /// The encoder's folder when the features were computed.
  public var folder: String?

  enum CodingKeys: String, CodingKey {
    case content, family, sha256, layer, pooling, longest, rate, vocabulary, folder
  }

  /// Makes a record.
  public init(
    content: String, family: String, sha256: String, layer: Int, pooling: String, longest: Int? = nil,
    rate: Double? = nil, vocabulary: Int? = nil, folder: String? = nil
  ) {
    (self.content, self.family, self.sha256) = (content, family, sha256)
    (self.layer, self.pooling, self.longest) = (layer, pooling, longest)
    (self.rate, self.vocabulary, self.folder) = (rate, vocabulary, folder)
  }

  /// True if both encoders compute the same features, wherever their folders are.
  public func computesLike(_ other: EncoderRecord) -> Bool {
    var other = other
    other.folder = folder
    return self == other
  }

  /// The record for messages, such as `bert 53aa51172d14, layer -1, pooling mean`.
  public var summary: String {
    let rate = rate.map { ", \(Self.text($0)) a second" } ?? ""
    return "\(family) \(sha256.prefix(12)), layer \(layer), pooling \(pooling)\(rate)"
  }

  private static func text(_ rate: Double) -> String { rate.rounded() == rate ? "\(Int(rate))" : "\(rate)" }
}
