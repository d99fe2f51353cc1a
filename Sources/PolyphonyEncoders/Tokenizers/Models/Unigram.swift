import PolyphonySupport

/// A unigram language model: the division of a text with the highest sum of scores (Kudo 2018).
struct Unigram: TokenModel {
  /// The score of an unknown scalar lies so far below that of the worst token.
  private static let unknownPenalty = 10.0

  private let tokens: TokenTrie
  private let scores: [Double]
  private let unknown: Int
  private let unknownScore: Double
  private let bytes: ByteTokens?

  var count: Int { scores.count }

  init(_ entry: TokenizerEntry) throws(Fault) {
    let rows = try entry.required("vocab").elements()
    var tokens = TokenTrie(capacity: rows.count * 4)
    var scores: [Double] = []
    scores.reserveCapacity(rows.count)
    for (id, row) in rows.enumerated() {
      guard case .array(let pair) = row.value, pair.count == 2, case .string(let token) = pair[0],
        let score = pair[1].finite
      else { throw row.wrongType("a token and its score") }
      tokens.insert(token.unicodeScalars, id)
      scores.append(score)
    }
    guard let unknown = try entry.optional("unk_id")?.count(), unknown < scores.count else {
      throw entry.unknownTokenIsMissing
    }
    (self.tokens, self.scores, self.unknown) = (tokens, scores, unknown)
    unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
    bytes = try entry.optional("byte_fallback")?.bool() == true ? ByteTokens(tokens) : nil
  }

  /// The best way to a place in the text.
  private struct Arrival {
    var token = -1
    var score = 0.0
    var start = 0
  }

  func append(_ word: WordScalars, to ids: inout [Int]) {
    var arrivals = Array(repeating: Arrival(), count: word.count + 1)
    for start in 0..<word.count {
      let score = arrivals[start].score
      var node = TokenTrie.root
      var end = start
      var isKnown = false
      while end < word.count, let child = tokens.child(of: node, word[end]) {
        node = child
        end += 1
        guard let token = tokens.token(at: child) else { continue }
        if end == start + 1 { isKnown = true }
        offer(Arrival(token: token, score: score + scores[token], start: start), &arrivals[end])
      }
      if !isKnown {
        offer(Arrival(token: unknown, score: score + unknownScore, start: start), &arrivals[start + 1])
      }
    }
    appendPath(arrivals, word, to: &ids)
  }

  @inline(__always)
  private func offer(_ arrival: Arrival, _ best: inout Arrival) {
    if best.token < 0 || arrival.score > best.score { best = arrival }
  }

  /// Follows the best way back from the end. Neighbouring unknown scalars are one token.
  private func appendPath(_ arrivals: [Arrival], _ word: WordScalars, to ids: inout [Int]) {
    let before = ids.count
    var end = word.count
    while end > 0 {
      var start = arrivals[end].start
      if arrivals[end].token != unknown {
        ids.append(arrivals[end].token)
      } else {
        while start > 0, arrivals[start].token == unknown { start = arrivals[start].start }
        let run = WordScalars(rebasing: word[start..<end])
        if let token = tokens.token(run) {
          ids.append(token)
        } else if let fallback = bytes?.tokens(of: run) {
          ids.append(contentsOf: fallback.reversed())
        } else {
          ids.append(unknown)
        }
      }
      end = start
    }
    ids[before...].reverse()
  }

  func id(of token: String) -> Int? { tokens.token(token.unicodeScalars) }
}
