import Polyphony

/// A filter of the numbers of a modality. It counts missing cells and infinities, and finds samples without any number.
///
/// NaN in a real step of a present sample is a missing cell and stays. NaN in padding and in absent samples becomes 0, and
/// so does every infinity.
final class FiniteTally {
  /// The number of replaced −∞.
  private(set) var negativeInfinities = 0
  /// The number of replaced +∞.
  private(set) var positiveInfinities = 0
  /// The number of NaN that stay as missing cells.
  private(set) var missingCells = 0
  /// The number of all real cells of present samples.
  private(set) var cells = 0
  /// For each sample, true if it has any finite number in its real steps.
  private(set) var isPresent: [Bool]
  private let width: Int
  /// The number of real cells at the start of each sample.
  private let real: [Int]

  /// Makes a tally of samples of `width` numbers each.
  /// - Parameters:
  ///   - steps: the steps of a padded sample, which divide the width.
  ///   - lengths: the real steps of each sample; nil if all are real.
  ///   - presence: false for an absent sample; nil if all are present.
  init(samples: Int, width: Int, steps: Int, lengths: [Int]?, presence: [Bool]?) {
    isPresent = Array(repeating: false, count: samples)
    self.width = width
    let perStep = width / max(1, steps)
    real = (0..<samples).map { sample in
      presence?[sample] == false ? 0 : (lengths?[sample] ?? steps) * perStep
    }
  }

  /// Cleans a piece of the numbers. `start` is the index of its first number.
  func clean(_ values: UnsafeMutableBufferPointer<Float>, start: Int) {
    var index = 0
    while index < values.count {
      let sample = (start + index) / width
      let end = min(values.count, (sample + 1) * width - start)
      // Real cells come first in a sample, then padding.
      let padding = min(end, max(index, sample * width + real[sample] - start))
      var finite = padding - index
      cells += finite
      for place in index..<end where !values[place].isFinite {
        let isReal = place < padding
        if isReal { finite -= 1 }
        if values[place].isNaN, isReal {
          missingCells += 1
          continue
        }
        if values[place] == .infinity { positiveInfinities += 1 }
        if values[place] == -.infinity { negativeInfinities += 1 }
        values[place] = 0
      }
      if finite > 0 { isPresent[sample] = true }
      index = end
    }
  }

  /// The replaced infinities in words. It is nil if there were none.
  var summary: String? {
    let counts = [(negativeInfinities, "−∞"), (positiveInfinities, "+∞")].filter { $0.0 > 0 }
    return counts.isEmpty ? nil : counts.map { "\($0.0) × \($0.1)" }.joined(separator: ", ")
  }

  /// The missing cells in words, with their share. It is nil if there are none.
  var missingSummary: String? {
    guard missingCells > 0 else { return nil }
    let share = Double((1000 * Double(missingCells) / Double(max(1, cells))).rounded()) / 10
    return "\(missingCells) missing cell\(missingCells == 1 ? "" : "s") (\(share) %)"
  }
}
