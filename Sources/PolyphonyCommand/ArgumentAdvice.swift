import ArgumentParser
import Foundation
import Polyphony
import Torch

/// Advice on arguments that the parser refuses: a misspelt command, or a key of the recipe in place of an option.
enum ArgumentAdvice {
  /// The parser's message with the advice as its second line, and without control characters.
  static func rendered(_ text: String, _ arguments: [String]) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.escapingControls() }
    if let first = lines.first,
      let advice = terminator(arguments) ?? command(first, arguments) ?? setting(first, arguments)
    {
      lines.insert("Help:  \(advice)", at: 1)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The two dashes that a user has left out between `launch` and its command.
  private static func terminator(_ arguments: [String]) -> String? {
    guard arguments.first == "launch", !arguments.contains("--") else { return nil }
    return "put -- before the command: polyphony launch --processes 2 -- \(LaunchCommand.participants[0]) …"
  }

  /// The command that the user may mean.
  private static func command(_ message: String, _ arguments: [String]) -> String? {
    // With a misspelt command, the parser refuses the first option, which belongs to no command.
    guard message.contains("Unexpected argument") || message.contains("Unknown option") else { return nil }
    var commands = PolyphonyProgram.configuration.subcommands
    for argument in arguments.prefix(while: { !$0.hasPrefix("-") }) where !commands.isEmpty && argument != "help" {
      // A key path through the types' metatypes crashes the compiler (Swift 6.3.1).
      let names = commands.compactMap { $0.configuration.commandName }
      guard let place = names.firstIndex(of: argument) else {
        return "there is no command `\(argument.escapingControls())`; "
          + (Suggestion.question(for: argument, among: names) ?? "the commands are \(names.joined(separator: ", "))")
      }
      commands = commands[place].configuration.subcommands
    }
    return nil
  }

  /// The key of the recipe that the user gives as an option.
  private static func setting(_ message: String, _ arguments: [String]) -> String? {
    guard let start = message.range(of: "Unknown option '--") else { return nil }
    let name = String(message[start.upperBound...].prefix { $0 != "'" && $0 != "=" })
    let word = name.lowercased().replacing("-", with: "_")
    let keys = keys(of: arguments.first ?? "")
    guard let key = keys.first(where: { $0.split(separator: ".").last == (aliases[word] ?? word)[...] }) else {
      return nil
    }
    return "it is a key of the recipe: --set \(key)=\(value(of: "--\(name)", arguments) ?? "…")"
  }

  private static func value(of option: String, _ arguments: [String]) -> String? {
    if let joined = arguments.first(where: { $0.hasPrefix("\(option)=") }) {
      return String(joined.dropFirst(option.count + 1)).escapingControls()
    }
    guard let place = arguments.firstIndex(of: option), place + 1 < arguments.count,
      !arguments[place + 1].hasPrefix("--")
    else { return nil }
    return arguments[place + 1].escapingControls()
  }

  /// The keys that the recipe of a command has.
  private static func keys(of command: String) -> [String] {
    let recipe = (try? SettingsReader.readPart(of: .empty) { (reader) throws(Fault) in try TrainingRecipe(reader) })
    let all = recipe.map { paths($0.resolved, "") } ?? []
    switch command {
    case "train", "transfer": return all
    case "tune": return all.filter { $0.hasPrefix("training.") } + ["tuning.rank", "tuning.bottleneck"]
    case "benchmark": return all.filter { $0.hasPrefix("model.") }
    case "adapt":
      let own = try? SettingsReader.readPart(of: .empty) { (reader) throws(Fault) in try AdaptationSettings(reader) }
      return own.map { paths($0.resolved, "adaptation.") } ?? []
    default: return []
    }
  }

  private static func paths(_ tree: SettingsTree, _ prefix: String) -> [String] {
    guard case .map(let members) = tree.content else { return [] }
    return members.flatMap { key, value in
      if case .map = value.content { paths(value, "\(prefix)\(key).") } else { ["\(prefix)\(key)"] }
    }
  }

  /// The names that other programs have for a key.
  private static let aliases = [
    "lr": "learning_rate", "batch": "batch_size", "bs": "batch_size", "wd": "weight_decay", "optim": "optimizer",
    "num_epochs": "epochs", "n_epochs": "epochs", "max_epochs": "epochs", "patience": "early_stop",
    "early_stopping": "early_stop", "scheduler": "schedule", "lr_scheduler": "schedule", "hidden": "width",
    "hidden_size": "width", "hidden_dim": "width", "dim": "width", "num_layers": "layers", "num_heads": "heads",
    "loss_function": "loss", "weights": "class_weights", "normalize": "normalization",
  ]
}
