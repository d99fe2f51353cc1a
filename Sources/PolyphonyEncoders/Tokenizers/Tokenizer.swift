import PolyphonySupport

/// A tokenizer: the division of a text into numbered pieces that a pretrained encoder knows.
///
/// It does what the library `tokenizers` does with the same `tokenizer.json`, for single texts. Parts that are not
/// supported are refused by name when the file is read. The tables of Unicode are those of that library, so a text has the
/// same tokens here as in the encoder's training.
public struct Tokenizer: Sendable {
  let model: any TokenModel
  let normalizer: (any Normalizer)?
  let preTokenizer: (any PreTokenizer)?
  let special: SpecialTokens
  /// Tokens that are found in the text as it is.
  let addedTokens: AddedTokens
  /// Tokens that are found in the normalized text.
  let normalizedTokens: AddedTokens
  /// The size of the vocabulary, added tokens included.
  public let vocabularySize: Int
  /// The greatest length of a sequence. It is nil for any length.
  public internal(set) var truncation: TokenTruncation?
  /// The padding that the file describes. It is nil without one.
  public internal(set) var padding: TokenPadding?

  /// Returns the tokens of a text, cut at the greatest length and not padded.
  /// - Parameters:
  ///   - text: The text. An empty one has the special tokens alone.
  ///   - addsSpecialTokens: False to leave out the tokens that the encoder expects around a text.
  public func encode(_ text: String, addsSpecialTokens: Bool = true) -> [Int] {
    var ids: [Int] = []
    let input = Array(text.unicodeScalars)
    for part in addedTokens.parts(of: input) {
      switch part {
      case .token(let id): ids.append(id)
      case .text(let range):
        appendTokens(
          of: NormalizedText(scalars: Array(input[range]), startCount: range.lowerBound == 0 ? 1 : 0), to: &ids)
      }
    }
    return finished(ids, addsSpecialTokens)
  }

  private func appendTokens(of text: NormalizedText, to ids: inout [Int]) {
    var text = text
    normalizer?.normalize(&text)
    for part in normalizedTokens.parts(of: text.scalars) {
      switch part {
      case .token(let id): ids.append(id)
      case .text(let range):
        let startCount = min(max(0, text.startCount - range.lowerBound), range.count)
        var split = SplitText(NormalizedText(scalars: Array(text.scalars[range]), startCount: startCount))
        preTokenizer?.split(&split)
        split.scalars.withUnsafeBufferPointer { scalars in
          for piece in split.pieces { model.append(WordScalars(rebasing: scalars[piece]), to: &ids) }
        }
      }
    }
  }

  private func finished(_ ids: [Int], _ addsSpecialTokens: Bool) -> [Int] {
    var ids = ids
    if let truncation {
      let most = truncation.length - (addsSpecialTokens ? special.count : 0)
      if ids.count > most { ids = Array(truncation.isOnLeft ? ids.suffix(most) : ids.prefix(most)) }
    }
    return addsSpecialTokens ? special.before + ids + special.after : ids
  }
}
