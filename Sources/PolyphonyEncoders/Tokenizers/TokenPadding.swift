import PolyphonySupport

/// The rule that brings token sequences of a batch to one length.
public struct TokenPadding: Sendable, Equatable {
  /// The token that fills.
  public var token: Int
  /// True if the token stands before a sequence and not after it.
  public var isOnLeft: Bool
  /// The length of all sequences. If it is nil, it is that of the longest.
  public var length: Int?
  /// A number that the length is a multiple of.
  public var multiple: Int

  /// Makes a rule.
  public init(token: Int, isOnLeft: Bool = false, length: Int? = nil, multiple: Int = 1) {
    (self.token, self.isOnLeft, self.length, self.multiple) = (token, isOnLeft, length, max(1, multiple))
  }

  init(_ entry: TokenizerEntry) throws(Fault) {
    let strategy = try entry.required("strategy")
    var length: Int?
    if strategy.value != .string("BatchLongest") { length = try strategy.required("Fixed").count() }
    self.init(
      token: try entry.required("pad_id").count(), isOnLeft: try TokenTruncation.isOnLeft(entry), length: length,
      multiple: try entry.optional("pad_to_multiple_of")?.count() ?? 1)
  }

  /// Returns sequences of one length. Longer ones stay as they are.
  public func padded(_ sequences: [[Int]]) -> [[Int]] {
    let length = self.length ?? sequences.map(\.count).max() ?? 0
    let width = (length + multiple - 1) / multiple * multiple
    return sequences.map { sequence in
      let padding = Array(repeating: token, count: max(0, width - sequence.count))
      return isOnLeft ? padding + sequence : sequence + padding
    }
  }
}

/// The longest sequence of a tokenizer, special tokens included, and the end at which a longer one is cut.
public struct TokenTruncation: Sendable, Equatable {
  /// The most tokens.
  public var length: Int
  /// True if the end of a sequence is kept and not its beginning.
  public var isOnLeft: Bool

  /// Makes a rule.
  public init(length: Int, isOnLeft: Bool = false) { (self.length, self.isOnLeft) = (length, isOnLeft) }

  init(_ entry: TokenizerEntry) throws(Fault) {
    let strategy = try entry.required("strategy").string()
    guard ["LongestFirst", "OnlyFirst"].contains(strategy) else {
      throw entry.unsupported("strategy \(strategy)", among: ["LongestFirst", "OnlyFirst"])
    }
    self.init(length: try entry.required("max_length").count(), isOnLeft: try Self.isOnLeft(entry))
  }

  /// Reads a direction, `Right` if the file has none.
  static func isOnLeft(_ entry: TokenizerEntry) throws(Fault) -> Bool {
    let direction = try entry.optional("direction")?.string() ?? "Right"
    guard ["Left", "Right"].contains(direction) else {
      throw entry.unsupported("direction \(direction)", among: ["Left", "Right"])
    }
    return direction == "Left"
  }
}
