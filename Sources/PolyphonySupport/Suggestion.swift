/// Finds what was probably meant by a name that nobody knows.
public enum Suggestion {
  /// The candidate that is most alike; nil where none is alike enough.
  ///
  /// Likeness is the Damerau–Levenshtein distance in the form that edits no part twice («optimal string alignment»),
  /// without regard to case; up to a third of the longer word's letters, and one in any case, may differ.
  /// Of equally close candidates the first is taken.
  public static func closest(to name: String, among candidates: some Sequence<String>) -> String? {
    let word = Array(name.lowercased())
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
      let other = Array(candidate.lowercased())
      let distance = distance(word, other)
      guard distance <= max(1, max(word.count, other.count) / 3), distance < max(word.count, other.count) else {
        continue
      }
      if distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.candidate
  }

  /// «did you mean `epochs`?», where there is a likely candidate.
  public static func question(for name: String, among candidates: some Sequence<String>) -> String? {
    closest(to: name, among: candidates).map { "did you mean `\($0)`?" }
  }

  /// Insertions, deletions, replacements and exchanges of neighbours that make one word of the other.
  package static func distance(_ a: [Character], _ b: [Character]) -> Int {
    // Three rows of the table of distances between beginnings: the current one and the two above it.
    var above: [Int] = []
    var row = Array(0...b.count)
    for i in 0..<a.count {
      var next = [i + 1]
      for j in 0..<b.count {
        var distance = min(row[j + 1] + 1, next[j] + 1, row[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { distance = min(distance, above[j - 1] + 1) }
        next.append(distance)
      }
      (above, row) = (row, next)
    }
    return row[b.count]
  }
}
