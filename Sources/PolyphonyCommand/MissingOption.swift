import ArgumentParser
import Polyphony

/// The option `--missing`, the rule by which modalities go missing.
enum MissingOption {
  static let help = ArgumentHelp(
    """
    Takes modalities away by a rule: sample:RATE, modality:RATE, each:NAME=RATE,NAME=RATE, token:RATE, segment:RATE, or \
    fixed:NAME+NAME for what is missing.
    """,
    valueName: "protocol")

  static let sweepHelp = ArgumentHelp(
    """
    Takes modalities away by a rule as in tuning; or at several rates (sample:0.1,0.5, sample:0...0.9, or sample alone \
    for 0 to 0.9), or in every pattern (patterns).
    """, valueName: "protocol")

  /// The completions of a shell. A user writes the rate or the names behind them.
  static let completion = CompletionKind.list(MissingProtocol.names.map { "\($0):" })

  /// The completions of a shell for a sweep.
  static let sweepCompletion = CompletionKind.list(MissingProtocol.names.map { "\($0):" } + ["patterns"])

  /// Reads the rule. It is nil without the option.
  static func read(_ text: String?) throws -> MissingProtocol? {
    guard let text else { return nil }
    return try MissingProtocol(text)
  }
}
