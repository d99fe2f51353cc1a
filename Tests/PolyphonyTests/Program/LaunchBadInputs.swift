import Foundation

extension BadInputTests {
  private static func launch(_ options: String..., command: String = "train", more: [String] = []) -> [String] {
    ["launch"] + options + ["--", command, "--data", "DATA", "--output", "OUT"] + more
  }

  /// The errors that users make when they ask for several processes. None of them starts a process.
  static let launches: [Case] = [
    Case(name: "no number of processes", code: 64, mentions: ["--processes"], arguments: launch()),
    Case(
      name: "no process", code: 64, mentions: ["--processes must be 1 or more, not 0"],
      arguments: launch("--processes", "0")),
    Case(
      name: "too many processes", code: 64, mentions: ["--processes must be at most 1024, not 1025"],
      arguments: launch("--processes", "1025")),
    Case(
      name: "less than no restart", code: 64, mentions: ["--restarts must be 0 or more"],
      arguments: launch("--processes", "2", "--restarts=-1")),
    Case(
      name: "nothing behind the dashes", code: 64, mentions: ["needs a command behind --", "train, tune"],
      arguments: ["launch", "--processes", "2", "--"]),
    Case(
      name: "no dashes before the command", code: 64, mentions: ["put -- before the command"],
      arguments: ["launch", "--processes", "2", "train", "--data", "DATA", "--output", "OUT"]),
    Case(
      name: "a launch of a launch", code: 64, mentions: ["launch takes no part in a group", "train, tune"],
      arguments: ["launch", "--processes", "2", "--"] + launch("--processes", "2")),
    Case(
      name: "a command for one process", code: 64, mentions: ["doctor takes no part in a group"],
      arguments: ["launch", "--processes", "2", "--", "doctor"]),
    Case(
      name: "a launch of a comparison", code: 64, mentions: ["compare starts its processes itself", "--processes 2"],
      arguments: launch("--processes", "2", command: "compare")),
    Case(
      name: "a comparison in no process", code: 64, mentions: ["--processes must be 1 or more, not 0"],
      arguments: ["compare", "recipe.yaml", "--output", "OUT", "--processes", "0"]),
    Case(
      name: "a run in too many processes", code: 64, mentions: ["--processes must be at most 1024, not 1025"],
      arguments: ["run", "recipe.yaml", "--output", "OUT", "--processes", "1025"]),
    Case(
      name: "a misspelt command in a launch", code: 64, mentions: ["trian takes no part", "did you mean `train`?"],
      arguments: launch("--processes", "2", command: "trian")),
    Case(
      name: "an unknown option of a launched command", code: 64, mentions: ["--lr", "--set training.learning_rate=1"],
      arguments: launch("--processes", "2", more: ["--lr", "1"])),
    Case(
      name: "a launch in a group", code: 64, mentions: ["in a group already", "WORLD_SIZE", "without launch"],
      arguments: launch("--processes", "2"), environment: ["WORLD_SIZE": "2"]),
    Case(
      name: "a stream in a launch", code: 64, mentions: ["--online", "2 processes", "one order"],
      arguments: [
        "launch", "--processes", "2", "--", "adapt", "--online", "--model", "MODEL", "--data", "DATA", "--output",
        "OUT",
      ]),
    Case(
      name: "a stream in a group", code: 64, mentions: ["--online", "3 processes", "one order"],
      arguments: [
        "evaluate", "--model", "MODEL", "--data", "DATA", "--shift", "noise:3", "--adapt", "tent", "--online",
      ], environment: ["RANK": "0", "WORLD_SIZE": "3", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"]),
    Case(
      name: "a port of a launch above all", code: 64, mentions: ["--port", "70000"],
      arguments: launch("--processes", "2", "--port", "70000")),
  ]
}
