import Foundation

extension BadInputTests {
  private static func serve(_ more: String...) -> [String] { ["serve", "--port", "0"] + more }

  /// The errors that users make when they start a service.
  static let services: [Case] = [
    Case(name: "a service without a model", code: 64, mentions: ["--model"], arguments: serve()),
    Case(
      name: "a service of a missing folder", code: 66, mentions: ["there is no model", "OUT/none"],
      arguments: serve("--model", "OUT/none")),
    Case(
      name: "a service of a damaged model", code: 65, mentions: ["model.safetensors"],
      breaking: { try Data("damaged".utf8).write(to: URL(fileURLWithPath: "\($0.model)/model.safetensors")) },
      arguments: serve("--model", "MODEL")),
    Case(
      name: "two models of one name", code: 64, mentions: ["two models have one name", "a"],
      arguments: serve("--model", "a=MODEL", "--model", "a=MODEL")),
    Case(
      name: "a name that fits no address", code: 64, mentions: ["no name for addresses", "a b"],
      arguments: serve("--model", "a b=MODEL")),
    Case(
      name: "one name for two models", code: 64, mentions: ["--name"],
      arguments: serve("--model", "a=MODEL", "--model", "b=MODEL", "--name", "c")),
    Case(
      name: "an adapter of no model", code: 64, mentions: ["--adapter", "c=DATA", "a=FOLDER, b=FOLDER"],
      arguments: serve("--model", "a=MODEL", "--model", "b=MODEL", "--adapter", "c=DATA")),
    Case(
      name: "streams by a method that needs earlier samples", code: 64,
      mentions: ["--adapt", "take turns", "casp-contrast", "polyphony adapt --method casp"],
      arguments: serve("--model", "MODEL", "--adapt", "casp")),
    Case(
      name: "streams by a choice among methods", code: 64, mentions: ["--adapt", "auto", "inputs", "take turns"],
      arguments: serve("--model", "MODEL", "--adapt", "auto")),
    Case(
      name: "streams of a regression by entropy", code: 64,
      mentions: ["--adapt", "tent", "inputs, ssa, casp-contrast for a regression"],
      arguments: serve("--model", "MODEL", "--adapt", "tent")),
    Case(
      name: "a pass without samples", code: 64, mentions: ["--max-batch must be 1 or more"],
      arguments: serve("--model", "MODEL", "--max-batch", "0")),
    Case(
      name: "no pass at a time", code: 64, mentions: ["--passes must be 1 or more"],
      arguments: serve("--model", "MODEL", "--passes", "0")),
    Case(
      name: "a wait before now", code: 64, mentions: ["--max-delay"],
      arguments: serve("--model", "MODEL", "--max-delay=-1")),
    Case(
      name: "a port above all", code: 64, mentions: ["--port", "70000"],
      arguments: ["serve", "--model", "MODEL", "--port", "70000"]),
    Case(
      name: "an address of another machine", code: 64, mentions: ["--host", "192.0.2.1"],
      arguments: serve("--model", "MODEL", "--host", "192.0.2.1")),
    Case(
      name: "no file of tokens", code: 66, mentions: ["--token-file", "OUT/tokens"],
      arguments: serve("--model", "MODEL", "--token-file", "OUT/tokens")),
    Case(
      name: "a token that is too short", code: 65, mentions: ["line 1", "16 or more", "openssl rand"],
      arguments: serve("--model", "MODEL", "--token-file", "OUT/keep.txt")),
  ]
}
