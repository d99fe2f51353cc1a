import Foundation
import Testing

/// The rooms of `Sources/Polyphony` use only rooms below their own; targets are held apart by SwiftPM itself.
@Suite struct RoomArrowTests {
  static let sources = files(in: "Polyphony")
  /// Their first folder is no room of Polyphony's.
  static let others = ["PolyphonySupport", "Torch", "PolyphonySettings", "PolyphonyPresentation"].flatMap { target in
    files(in: target).map { SwiftSource(path: "../\(target)/\($0.path)", lines: $0.lines) }
  }

  static func files(in target: String) -> [SwiftSource] {
    let folder = DocumentationTests.root + "/Sources/\(target)"
    let paths = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
    return paths.filter { $0.hasSuffix(".swift") }.sorted().compactMap { path in
      (try? String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)).map { SwiftSource(path: path, text: $0) }
    }
  }

  private static func violations(planting planted: SwiftSource? = nil) -> [RoomArrows.Violation] {
    RoomArrows(sources + (planted.map { [$0] } ?? []), others: others).violations
  }

  @Test func arrowsOnlyGoDown() {
    #expect(Self.sources.count > 150)
    let violations = Self.violations()
    #expect(violations.isEmpty, "\n\(violations.map(\.description).joined(separator: "\n"))")
  }

  @Test func everyFolderIsARoom() throws {
    let known = Set(RoomArrows.order.joined())
    let rooms = Set(Self.sources.map(\.room)).subtracting([""])
    #expect(rooms == known)
  }

  /// Planted arrows that go up or sideways are found, with file, line, symbol and the allowed direction.
  @Test(arguments: [
    (
      "Data/Planted.swift", "import Torch\n\nfunc planted(_ trainer: Trainer) {}\n",
      "Sources/Polyphony/Data/Planted.swift:3: `Trainer` is declared in Training, which Data must not use"
    ),
    (
      "Training/Planted.swift", "let text = \"CASP \\(TuningMethods.names)\"\n",
      "Training/Planted.swift:1: `TuningMethods` is declared in Methods, which Training must not use; Training may use "
        + "Data, Models, Scores"
    ),
    (
      "Tuning/Planted.swift", "final class Planted {\n  var method: CASP?\n}\n",
      "Tuning/Planted.swift:2: `CASP` is declared in Adaptation, which Tuning must not use"
    ),
    (
      "Models/Planted.swift",
      "func score(_ model: MultimodalModel, _ split: LabelledSplit) throws {\n"
        + "  _ = try model.evaluate(split)\n}\n",
      "Models/Planted.swift:2: `evaluate` is declared in Scores, which Models must not use"
    ),
  ])
  func aPlantedArrowIsFound(path: String, text: String, expected: String) throws {
    let violations = Self.violations(planting: SwiftSource(path: path, text: text))
    let found = violations.map(\.description).filter { $0.contains("Planted") }
    #expect(found.count == 1 && found.first?.contains(expected) == true, "\(found)")
  }

  /// Names in comments and in the literal parts of strings are no uses.
  @Test func commentsAndStringsAreNoUses() {
    let text = """
      // Trainer
      /* CASP /* TuningMethods */ Trainer */
      let text = "Trainer \\" TuningMethods"
      let long = \"""
        CASP
        \"""
      """
    let violations = Self.violations(planting: SwiftSource(path: "Data/Planted.swift", text: text))
    #expect(violations.allSatisfy { $0.file != "Data/Planted.swift" })
  }
}
