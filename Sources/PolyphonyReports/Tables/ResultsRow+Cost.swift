import Foundation
import Polyphony

extension ResultsDocument.Row {
  /// The time of the run, if the row contains it.
  var seconds: Double? { number(extra["seconds"]) }

  /// The time of a training step, if the row contains it.
  var secondsPerStep: Double? { number(extra["cost"]?["seconds_per_step"]) }

  /// The added time of a prediction over the base's, if the row contains it.
  var addedLatency: Double? {
    number(extra["cost"]?["latency"]).flatMap { own in number(extra["cost"]?["base_latency"]).map { own - $0 } }
  }

  private func number(_ value: OrderedJSON?) -> Double? {
    switch value {
    case .integer(let value): Double(value)
    case .number(let value): value.isFinite ? value : nil
    default: nil
    }
  }
}

extension NumberText {
  /// Writes a share of parameters in per cent.
  static func share(_ part: Int, of whole: Int) -> String {
    let percent = 100 * Double(part) / Double(max(1, whole))
    return String(format: percent > 0 && percent < 1 ? "%.2f %%" : "%.1f %%", percent)
  }
}
