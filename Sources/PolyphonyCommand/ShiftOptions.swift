import ArgumentParser
import Polyphony
import Torch

/// The options of `evaluate` for scores under shifts.
struct ShiftOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Corrupts the inputs first: KIND:SEVERITY, several separated by commas; KIND alone stands for severities 1 to 5, "
        + "«all» for all kinds that can change the data, and both: before it for all modalities at once. "
        + "Kinds: \(Shift.Kind.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "shifts"), completion: .list(["all"] + Shift.Kind.allCases.map(\.rawValue)))
  var shift: String?

  @Option(help: ArgumentHelp("Modalities to corrupt, separated by commas; all without it.", valueName: "names"))
  var modality: String?

  @Option(
    help: ArgumentHelp(
      "Adapts to each corrupted split before it is scored, by methods separated by commas: "
        + "\(AdaptLife.knownMethods.joined(separator: ", ")).", valueName: "names"),
    completion: .list(AdaptLife.knownMethods))
  var adapt: String?

  @Flag(help: "Adapts online: each batch is predicted, then learned; what was said before is scored.")
  var online = false

  @Option(
    help: ArgumentHelp("Draws the scores over severities.", valueName: "file.svg"),
    completion: .file(extensions: ["svg"]))
  var plot: String?

  func validate() throws {
    if shift == nil, modality != nil || adapt != nil || plot != nil || online {
      throw ValidationError("--modality, --adapt, --online and --plot need --shift.")
    }
    if online, adapt == nil { throw ValidationError("--online says how --adapt adapts, and needs it.") }
  }

  /// Reads the shifts. Without the option there are none.
  /// - Parameter modalities: the modalities of the data. «all» leaves out kinds that change none of them.
  func shifts(of modalities: [Modality]) throws -> [Shift] {
    var result: [Shift] = []
    for name in Self.names(shift) ?? [] {
      let (rest, hitsAll) = Shift.withoutPrefix(name)
      if rest == "all" {
        let kinds = Shift.Kind.allCases.filter { modalities.contains(where: $0.canChange) }
        result += try ShiftSweep.shifts(kinds, hitsAll: hitsAll)
      } else if let kind = Shift.Kind(rawValue: rest) {
        result += try ShiftSweep.shifts([kind], hitsAll: hitsAll)
      } else {
        result.append(try Shift(named: name))
      }
    }
    return result
  }

  /// Splits a list of names at commas.
  static func names(_ text: String?) -> [String]? { text?.split(separator: ",").map(String.init) }
}
