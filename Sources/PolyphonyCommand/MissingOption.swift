import ArgumentParser
import Polyphony

/// The option `--missing`: how modalities go missing.
enum MissingOption {
  static let help = ArgumentHelp(
    "Takes modalities away by a rule: sample:RATE, modality:RATE, token:RATE or fixed:NAME+NAME.",
    valueName: "protocol")

  /// The rule; nil without the option.
  static func read(_ text: String?) throws -> MissingProtocol? {
    guard let text else { return nil }
    return try MissingProtocol(text)
  }
}
