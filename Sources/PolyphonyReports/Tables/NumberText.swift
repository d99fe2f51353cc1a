import Foundation
import Polyphony

/// How numbers of a table are written: as many decimals for all as the largest of them needs.
struct NumberText: Sendable {
  /// Digits behind the point.
  let decimals: Int

  /// Four significant digits of the largest number, three decimals for scores between 0.1 and 10.
  init(_ values: some Sequence<Double>) {
    let size = values.lazy.filter(\.isFinite).map { abs($0) }.max() ?? 1
    decimals = size < 1e-9 ? 3 : size >= 0.1 && size < 10 ? 3 : min(9, max(0, 3 - Int(log10(size).rounded(.down))))
  }

  /// A number; a minus sign is one, and no hyphen.
  func text(_ value: Double, signed: Bool = false) -> String {
    let text = String(format: signed ? "%+.\(decimals)f" : "%.\(decimals)f", value)
    return text.replacing("-", with: "−")
  }

  /// Mean and deviation: `0.801 ± 0.004`, as ``Aggregate/formatted(digits:)`` has it.
  func text(_ scores: Aggregate) -> String { scores.formatted(digits: decimals).replacing("-", with: "−") }

  /// A mean difference with its standard error, if there is one.
  func difference(_ test: PairedTest?) -> String {
    guard let test, let difference = test.difference else { return "" }
    let error = test.standardError.map { " ± " + text($0) } ?? ""
    return text(difference, signed: true) + error
  }

  /// A probability: three decimals, `< 0.001` below.
  static func probability(_ p: Double) -> String { p < 0.001 ? "< 0.001" : String(format: "%.3f", p) }

  /// A count in groups of three digits.
  static func count(_ value: Int) -> String {
    var digits = String(value.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (value < 0 ? "−" : "") + ([digits] + groups).joined(separator: "\u{202F}")
  }

  /// A time: seconds, minutes from 100 seconds on, milliseconds below one.
  static func seconds(_ value: Double) -> String {
    if value >= 6000 { return String(format: "%.1f h", value / 3600) }
    if value >= 100 { return String(format: "%.1f min", value / 60) }
    if value >= 1 { return String(format: "%.1f s", value) }
    return String(format: "%.3g ms", value * 1000)
  }
}

extension NumberText {
  /// A number with so many decimals.
  static func fixed(_ value: Double, _ decimals: Int) -> String {
    String(format: "%.\(decimals)f", value).replacing("-", with: "−")
  }
}
