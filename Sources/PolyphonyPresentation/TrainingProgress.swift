import Foundation

/// The progress of a training at one step.
public struct TrainingProgress: Equatable, Sendable {
  /// The epoch, counted from 1.
  public var epoch: Int
  /// The number of epochs.
  public var epochs: Int
  /// The steps done in this epoch.
  public var step: Int
  /// The number of steps in an epoch.
  public var steps: Int
  /// The loss, averaged over this epoch so far.
  public var loss: Double?
  /// The name of the validation metric that selects the model.
  public var scoreName: String?
  /// The metric's last value.
  public var score: Double?
  /// The throughput of training, in samples per second.
  public var samplesPerSecond: Double?
  /// The estimated time of the remaining training, in seconds.
  public var secondsLeft: Double?

  /// Makes a record of progress.
  public init(
    epoch: Int, epochs: Int, step: Int, steps: Int, loss: Double? = nil, scoreName: String? = nil,
    score: Double? = nil, samplesPerSecond: Double? = nil, secondsLeft: Double? = nil
  ) {
    self.epoch = epoch
    self.epochs = epochs
    self.step = step
    self.steps = steps
    self.loss = loss
    self.scoreName = scoreName
    self.score = score
    self.samplesPerSecond = samplesPerSecond
    self.secondsLeft = secondsLeft
  }
}

extension TrainingProgress {
  /// Returns one line to redraw.
  ///
  /// Example: `epoch 3/30 ━━━━━━────── 12/40  loss 0.4312  accuracy 0.812  1.2k samples/s  2:03 left`
  ///
  /// - Parameters:
  ///   - width: The number of columns. Parts that do not fit are left out: first throughput, then score, loss, time left
  ///     and bar.
  ///   - glyphs: The characters of the bar.
  public func bar(width: Int, glyphs: GlyphSet = .unicode) -> String {
    let barWidth = 20
    let share = steps > 0 ? Double(min(max(step, 0), steps)) / Double(steps) : 0
    let filled = Int((share * Double(barWidth)).rounded(.down))
    let (full, empty) = glyphs == .unicode ? ("━", "─") : ("#", "-")
    let bar = String(repeating: full, count: filled) + String(repeating: empty, count: barWidth - filled)
    var parts: [Part: String] = [.epoch: "epoch \(epoch)/\(epochs)", .bar: " \(bar) \(step)/\(steps)"]
    for (part, text) in figures { parts[part] = "  " + text }
    for part in Part.firstToGo where parts.values.map(\.count).reduce(0, +) > width { parts[part] = nil }
    let line = Part.allCases.compactMap { parts[$0] }.joined()
    return String(line.prefix(max(width, 0)))
  }

  /// The parts of a line, from left to right.
  private enum Part: CaseIterable {
    case epoch, bar, loss, score, rate, timeLeft

    static let firstToGo: [Part] = [.rate, .score, .loss, .timeLeft, .bar]
  }

  /// A line for the end of an epoch: `epoch 3/30  loss 0.4312  accuracy 0.812  1.2k samples/s  2:03 left`.
  public var line: String { (["epoch \(epoch)/\(epochs)"] + figures.map(\.text)).joined(separator: "  ") }

  private var figures: [(part: Part, text: String)] {
    let texts: [(Part, String?)] = [
      (.loss, loss.map { "loss \(Self.number($0, "%.4f"))" }),
      (.score, score.map { "\(scoreName ?? "score") \(Self.number($0, "%.3f"))" }),
      (.rate, samplesPerSecond.flatMap { $0.isFinite && $0 > 0 ? "\(Self.rate($0)) samples/s" : nil }),
      (.timeLeft, secondsLeft.flatMap { $0.isFinite && $0 >= 0 ? "\(Self.duration($0)) left" : nil }),
    ]
    return texts.compactMap { part, text in text.map { (part, $0) } }
  }

  private static func number(_ value: Double, _ format: String) -> String {
    value.isFinite ? String(format: format, value) : "undefined"
  }

  private static func rate(_ value: Double) -> String {
    switch value {
    case ..<10: String(format: "%.1f", value)
    case ..<1000: String(format: "%.0f", value)
    case ..<1e6: String(format: "%.1fk", value / 1e3)
    default: String(format: "%.1fM", value / 1e6)
    }
  }

  /// Returns a duration for readers: `42 s`, `2:03`, `1:02:03`, `2 d 3 h`.
  public static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
    let total = Int(seconds.rounded())
    let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
    switch total {
    case ..<60: return "\(rest) s"
    case ..<3600: return String(format: "%d:%02d", minutes, rest)
    case ..<86400: return String(format: "%d:%02d:%02d", hours, minutes, rest)
    default: return "\(hours / 24) d \(hours % 24) h"
    }
  }
}
