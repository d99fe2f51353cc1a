import Polyphony

/// A filter that replaces numbers that are not finite with 0, counts them, and finds samples without any other number.
final class FiniteTally {
  /// The number of replaced −∞.
  private(set) var negativeInfinities = 0
  /// The number of replaced +∞.
  private(set) var positiveInfinities = 0
  /// The number of replaced NaN.
  private(set) var notNumbers = 0
  /// For each sample, true if it has any finite number.
  private(set) var isPresent: [Bool]
  private let width: Int

  /// Makes a tally of some samples of `width` numbers each.
  init(samples: Int, width: Int) {
    isPresent = Array(repeating: false, count: samples)
    self.width = width
  }

  /// Cleans a piece of the numbers. `start` is the index of its first number.
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

  /// The replacements in words. It is nil if there were none.
  var summary: String? {
    let counts = [(negativeInfinities, "−∞"), (positiveInfinities, "+∞"), (notNumbers, "NaN")].filter { $0.0 > 0 }
    return counts.isEmpty ? nil : counts.map { "\($0.0) × \($0.1)" }.joined(separator: ", ")
  }
}
