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
  }

  /// Its name, also of its tensor in data files.
  public var name: String
  /// The form of a sample.
  public var kind: Kind
  /// Numbers per step, for sequences and vectors.
  public var features: Int?
  /// Steps with padding, for sequences.
  public var length: Int?
  /// Channels, height and width of images.
  public var channels: Int?
  /// See ``channels``.
  public var height: Int?
  /// See ``channels``.
  public var width: Int?

  /// A sequence of `length` steps of `features` numbers.
  public static func sequence(_ name: String, features: Int, length: Int) -> Modality {
    Modality(name: name, kind: .sequence, features: features, length: length)
  }

  /// A vector of `features` numbers.
  public static func vector(_ name: String, features: Int) -> Modality {
    Modality(name: name, kind: .vector, features: features)
  }

  /// An image.
  public static func image(_ name: String, channels: Int, height: Int, width: Int) -> Modality {
    Modality(name: name, kind: .image, channels: channels, height: height, width: width)
  }

  /// The shape of one sample.
  public var sampleShape: [Int] {
    switch kind {
    case .sequence: [length ?? 0, features ?? 0]
    case .vector: [features ?? 0]
    case .image: [channels ?? 0, height ?? 0, width ?? 0]
    }
  }

  /// Steps of a sample as a sequence.
  public var steps: Int { kind == .sequence ? length ?? 0 : 1 }
}
