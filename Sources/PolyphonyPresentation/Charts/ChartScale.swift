import Foundation

/// The scale of an axis: the position of values, and the values with ticks.
struct ChartScale {
  /// The smallest and the largest value on the axis.
  let range: ClosedRange<Double>
  /// True if equal ratios are equal lengths.
  let isLogarithmic: Bool
  /// True if 0 has its own position on a logarithmic scale.
  let hasZero: Bool
  /// The values with a tick.
  let ticks: [Double]

  /// Makes a scale for all finite values, rounded outwards to its ticks.
  ///
  /// A logarithmic scale has no values of 0 or below. If there is such a value, or no spread at all, the scale is
  /// linear. An axis of values of 0 or above does not begin below 0, as for losses and accuracies.
  /// - Parameters:
  ///   - isWhole: true if ticks between whole numbers make no sense.
  ///   - keepsZero: true if a logarithmic scale gives 0 its own position, left of the smallest decade.
  ///   - most: the largest possible value. An axis of smaller values does not go beyond it. Default: there is none.
  init(
    _ values: some Sequence<Double>, isLogarithmic wanted: Bool = false, isWhole: Bool = false, keepsZero: Bool = false,
    most: Double? = nil, count: Int = 5
  ) {
    // A span between values near the largest number would be infinite.
    var finite = values.filter { abs($0) < 1e300 }
    let zeros = keepsZero && wanted && finite.contains { $0 > 0 } && finite.contains(0) && !finite.contains { $0 < 0 }
    if zeros { finite.removeAll { $0 == 0 } }
    hasZero = zeros
    let (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
    isLogarithmic = wanted && low > 0 && (high > low || zeros)
    if isLogarithmic {
      let decades = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
      let steps: [Double] = decades.count > 3 ? [1] : decades.count > 2 ? [1, 3] : [1, 2, 5]
      var marks: [Double] = []
      for decade in decades {
        for step in steps {
          let mark = step * pow(10, Double(decade))
          if mark >= low / 3, mark <= high * 3 { marks.append(mark) }
        }
      }
      range = min(low, marks.first ?? low)...max(high, marks.last ?? high, low * 1.001)
      ticks = (zeros ? [0] : []) + marks
      return
    }
    // A flat line gets space above and below.
    let room = high > low ? 0 : max(abs(high) * 0.05, 1e-3)
    let raw = Self.step((high - low + 2 * room) / Double(max(1, count)))
    let step = isWhole ? max(1, raw) : raw
    var first = ((low - room) / step).rounded(.down)
    var last = ((high + room) / step).rounded(.up)
    if low >= 0 { first = max(0, first) }
    if let most, high <= most { last = min(last, (most / step).rounded()) }
    if first >= last { first = max(low >= 0 ? 0 : -.infinity, last - 1) }
    ticks = stride(from: first, through: last, by: 1).map { $0 * step }
    range = first * step...max(last * step, first * step + step)
  }

  /// Rounds a raw step to 1, 2 or 5 times a power of ten.
  private static func step(_ raw: Double) -> Double {
    let power = pow(10, log10(raw).rounded(.down))
    let share = raw / power
    return (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10) * power
  }

  /// Returns the position of a value on the axis, from 0 to 1.
  func share(_ value: Double) -> Double {
    if hasZero {
      let start = 0.12
      return value <= 0
        ? 0 : start + (1 - start) * log(value / range.lowerBound) / log(range.upperBound / range.lowerBound)
    }
    if isLogarithmic {
      return log(value / range.lowerBound) / log(range.upperBound / range.lowerBound)
    }
    return (value - range.lowerBound) / (range.upperBound - range.lowerBound)
  }

  /// Returns a tick's text, with enough digits to differ from its neighbours. Thousands and millions are abbreviated.
  func text(_ tick: Double) -> String {
    let size = abs(tick)
    if size >= 1e6 { return String(format: "%gM", tick / 1e6) }
    if size >= 1e4 { return String(format: "%gk", tick / 1e3) }
    if size < 1e-12 { return "0" }
    return String(format: "%.4g", tick)
  }
}
