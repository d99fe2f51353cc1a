/// Suggestions for an unknown name.
///
/// ```swift
/// let methods = ["joint", "cggm", "ogm_ge"]
/// print(Suggestion.question(for: "cgmm", among: methods) ?? "")  // did you mean `cggm`?
/// ```
public enum Suggestion {
  /// Finds the candidate most similar to a name. It is nil if no candidate is similar enough.
  ///
  /// The distance is Damerau–Levenshtein in the form that edits no part twice («optimal string alignment»), and it
  /// ignores case. Up to a third of the longer word's letters may differ, and always at least one. The first of several
  /// equally close candidates wins.
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

  /// Returns a question such as «did you mean `epochs`?» if a candidate is similar enough.
  public static func question(for name: String, among candidates: some Sequence<String>) -> String? {
    closest(to: name, among: candidates).map { "did you mean `\($0)`?" }
  }

  /// Counts the insertions, deletions, replacements and exchanges of neighbours that turn one word into the other.
  package static func distance(_ a: [Character], _ b: [Character]) -> Int {
    // The three current rows of the table of distances between prefixes: this row and the two above it.
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
