import Polyphony

/// Puts 0 in place of what is no finite number, counts it, and finds samples of which nothing is left.
final class FiniteTally {
  /// What was replaced.
  private(set) var negativeInfinities = 0
  /// See ``negativeInfinities``.
  private(set) var positiveInfinities = 0
  /// See ``negativeInfinities``.
  private(set) var notNumbers = 0
  /// Whether a sample has any finite number.
  private(set) var isPresent: [Bool]
  private let width: Int

  /// A tally of some samples of `width` numbers each.
  init(samples: Int, width: Int) {
    isPresent = Array(repeating: false, count: samples)
    self.width = width
  }

  /// Cleans a piece of the numbers, the first of which is number `start` of all.
  func clean(_ values: UnsafeMutableBufferPointer<Float>, start: Int) {
    var index = 0
    while index < values.count {
      let sample = (start + index) / width
      let end = min(values.count, (sample + 1) * width - start)
      var replaced = 0
      for place in index..<end where !values[place].isFinite {
        let value = values[place]
        if value.isNaN {
          notNumbers += 1
        } else if value < 0 {
          negativeInfinities += 1
        } else {
          positiveInfinities += 1
        }
        values[place] = 0
        replaced += 1
      }
      if replaced < end - index { isPresent[sample] = true }
      index = end
    }
  }

  /// What was replaced, in words; nil where nothing was.
  var summary: String? {
    let counts = [(negativeInfinities, "−∞"), (positiveInfinities, "+∞"), (notNumbers, "NaN")].filter { $0.0 > 0 }
    return counts.isEmpty ? nil : counts.map { "\($0.0) × \($0.1)" }.joined(separator: ", ")
  }
}
