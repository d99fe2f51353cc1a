import Foundation

/// Where values lie on an axis, and at which of them to put ticks.
struct ChartScale {
  /// The least and the greatest value shown.
  let range: ClosedRange<Double>
  /// Whether equal ratios are equal lengths.
  let isLogarithmic: Bool
  /// Values with a tick.
  let ticks: [Double]

  /// A scale that holds all finite values, rounded outwards to its ticks.
  ///
  /// A logarithmic scale takes no value of 0 or below; where there is one, or no spread at all, it is linear.
  init(_ values: some Sequence<Double>, isLogarithmic wanted: Bool = false, count: Int = 5) {
    let finite = values.filter(\.isFinite)
    let (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
    isLogarithmic = wanted && low > 0 && high > low
    if isLogarithmic {
      let decades = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
      let steps: [Double] = decades.count > 3 ? [1] : decades.count > 2 ? [1, 3] : [1, 2, 5]
      ticks = decades.flatMap { decade in steps.map { $0 * pow(10, Double(decade)) } }
        .filter { $0 >= low / 3 && $0 <= high * 3 }
      range = min(low, ticks.first ?? low)...max(high, ticks.last ?? high)
      return
    }
    // A flat line gets room above and below.
    let room = high > low ? 0 : max(abs(high) * 0.05, 1e-3)
    let step = Self.step((high - low + 2 * room) / Double(max(1, count)))
    let first = ((low - room) / step).rounded(.down)
    let last = ((high + room) / step).rounded(.up)
    ticks = stride(from: first, through: last, by: 1).map { $0 * step }
    range = first * step...max(last * step, first * step + step)
  }

  /// 1, 2 or 5 times a power of ten, next to a raw step.
  private static func step(_ raw: Double) -> Double {
    let power = pow(10, log10(raw).rounded(.down))
    let share = raw / power
    return (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10) * power
  }

  /// Where a value lies, 0 to 1.
  func share(_ value: Double) -> Double {
    if isLogarithmic {
      return log(value / range.lowerBound) / log(range.upperBound / range.lowerBound)
    }
    return (value - range.lowerBound) / (range.upperBound - range.lowerBound)
  }

  /// A tick's text: as many digits as tell it from its neighbours, thousands and millions in short.
  func text(_ tick: Double) -> String {
    let size = abs(tick)
    if size >= 1e6 { return String(format: "%gM", tick / 1e6) }
    if size >= 1e4 { return String(format: "%gk", tick / 1e3) }
    if size < 1e-12 { return "0" }
    return String(format: "%.4g", tick)
  }
}
