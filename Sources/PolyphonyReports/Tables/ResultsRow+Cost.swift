import Foundation
import Polyphony

extension ResultsDocument.Row {
  /// The time of the run, if the row contains it.
  var seconds: Double? { extra["seconds"]?.finite }

  /// The time of a training step, if the row contains it.
  var secondsPerStep: Double? { extra["cost"]?["seconds_per_step"]?.finite }

  /// The added time of a prediction over the base's, if the row contains it.
  var addedLatency: Double? {
    extra["cost"]?["latency"]?.finite.flatMap { own in extra["cost"]?["base_latency"]?.finite.map { own - $0 } }
  }
}

extension NumberText {
  /// Writes a share of parameters in per cent.
  static func share(_ part: Int, of whole: Int) -> String {
    let percent = 100 * Double(part) / Double(max(1, whole))
    return String(format: percent > 0 && percent < 1 ? "%.2f %%" : "%.1f %%", percent)
  }
}
