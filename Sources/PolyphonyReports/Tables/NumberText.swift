import Foundation
import Polyphony

/// The format of a table's numbers. All have as many decimals as the largest needs.
struct NumberText: Sendable {
  /// The number of decimals.
  let decimals: Int

  /// Chooses four significant digits of the largest number, or three decimals for scores between 0.1 and 10.
  init(_ values: some Sequence<Double>) {
    let size = values.lazy.filter(\.isFinite).map { abs($0) }.max() ?? 1
    decimals = size < 1e-9 ? 3 : size >= 0.1 && size < 10 ? 3 : min(9, max(0, 3 - Int(log10(size).rounded(.down))))
  }

  /// Writes a number with a minus sign, not a hyphen.
  func text(_ value: Double, signed: Bool = false) -> String {
    let text = String(format: signed ? "%+.\(decimals)f" : "%.\(decimals)f", value)
    return text.replacing("-", with: "−")
  }

  /// Writes mean and deviation such as `0.801 ± 0.004`, in the form of ``Aggregate/formatted(digits:)``.
  func text(_ scores: Aggregate) -> String { scores.formatted(digits: decimals).replacing("-", with: "−") }

  /// Writes a mean difference with its standard error, if there is one.
  func difference(_ test: PairedTest?) -> String {
    guard let test, let difference = test.difference else { return "" }
    let error = test.standardError.map { " ± " + text($0) } ?? ""
    return text(difference, signed: true) + error
  }

  /// Writes a probability with three decimals, or `< 0.001`. It never rounds up to the level of significance.
  static func probability(_ p: Double) -> String {
    if p < 0.001 { return "< 0.001" }
    let (text, level) = (String(format: "%.3f", p), String(format: "%.3f", Verdict.level))
    return p < Verdict.level && text == level ? "< \(level)" : text
  }

  /// Writes a count in groups of three digits.
  static func count(_ value: Int) -> String {
    var digits = String(value.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (value < 0 ? "−" : "") + ([digits] + groups).joined(separator: "\u{202F}")
  }

  /// Writes a time in seconds, in minutes from 100 seconds, or in milliseconds below one second.
  static func seconds(_ value: Double) -> String {
    if value >= 6000 { return String(format: "%.1f h", value / 3600) }
    if value >= 100 { return String(format: "%.1f min", value / 60) }
    if value >= 1 { return String(format: "%.1f s", value) }
    return String(format: "%.3g ms", value * 1000)
  }
}

extension NumberText {
  /// Writes a number with a number of decimals.
  static func fixed(_ value: Double, _ decimals: Int) -> String {
    String(format: "%.\(decimals)f", value).replacing("-", with: "−")
  }
}
