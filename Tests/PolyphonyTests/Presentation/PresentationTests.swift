import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyPresentation
@testable import PolyphonySupport

@Suite struct TextTableTests {
  private static let table = {
    var table = TextTable([.init("method"), .init("accuracy", .right), .init("note")])
    table.append(["joint", "0.801 ± 0.004", "a|b"])
    table.append(["cggm_x", "0.9", "100 % \"ok\", really"])
    table.append(["none"])
    return table
  }()

  @Test func unicode() {
    #expect(
      Self.table.text() == """
        method │      accuracy │ note
        ───────┼───────────────┼───────────────────
        joint  │ 0.801 ± 0.004 │ a|b
        cggm_x │           0.9 │ 100 % "ok", really
        none   │               │

        """)
  }

  @Test func ascii() {
    #expect(
      Self.table.text(.ascii) == """
        method |        accuracy | note
        -------+-----------------+-------------------
        joint  | 0.801 +/- 0.004 | a|b
        cggm_x |             0.9 | 100 % "ok", really
        none   |                 |

        """)
    #expect(Self.table.text(.ascii).allSatisfy { $0.isASCII })
  }

  @Test func markdown() {
    #expect(
      Self.table.markdown() == """
        | method | accuracy | note |
        | --- | ---: | --- |
        | joint | 0.801 ± 0.004 | a\\|b |
        | cggm_x | 0.9 | 100 % "ok", really |
        | none |  |  |

        """)
  }

  @Test func csv() {
    #expect(
      Self.table.csv() == """
        method,accuracy,note
        joint,0.801 ± 0.004,a|b
        cggm_x,0.9,"100 % ""ok"", really"
        none,,

        """)
    var lines = TextTable([.init("a")])
    lines.append(["x\r\ny"])
    #expect(lines.csv() == "a\n\"x\r\ny\"\n")
    #expect(lines.text() == "a\n───\nx y\n")
  }

  @Test func latex() {
    #expect(
      Self.table.latex() == #"""
        \begin{tabular}{lrl}
          \toprule
          method & accuracy & note \\
          \midrule
          joint & 0.801 $\pm$ 0.004 & a\textbar{}b \\
          cggm\_x & 0.9 & 100 \% "ok", really \\
          none &  &  \\
          \bottomrule
        \end{tabular}

        """#)
  }

  @Test func aWideTableIsFolded() {
    var table = TextTable([.init("method"), .init("accuracy", .right), .init("f1", .right), .init("note")])
    table.append(["joint", "0.801", "0.790", "kept"])
    table.append(["cggm", "0.812", "0.808", ""])
    let folded = """
      method | accuracy
      -------+---------
      joint  |    0.801
      cggm   |    0.812

      method |    f1 | note
      -------+-------+-----
      joint  | 0.790 | kept
      cggm   | 0.808 |

      """
    #expect(table.text(.ascii, width: 23) == folded)
    #expect(table.text(.ascii, width: 21) == folded)
    // A whole table needs 6 + 3 + 8 + 3 + 5 + 3 + 4 columns.
    #expect(table.text(.ascii, width: 32) == table.text(.ascii))
    #expect(table.text(.ascii, width: 31) != table.text(.ascii))
    // A terminal that is too narrow for two columns has a block for each column.
    #expect(table.text(.ascii, width: 1).components(separatedBy: "method").count == 4)
    #expect(TextTable([.init("a")]).text(.ascii, width: 0) == "a\n-\n")
    #expect(TextTable([]).text(.ascii, width: 10) == TextTable([]).text(.ascii))
  }

  @Test func aTableWithoutRows() {
    #expect(TextTable([.init("a"), .init("b")]).text() == "a │ b\n──┼──\n")
  }
}

@Suite struct FaultRenderingTests {
  @Test func everyPartHasItsLine() {
    let fault = Fault(
      .usage, "an unknown key", file: "recipe.yaml:12", key: "training.epohcs", found: "`epohcs`",
      expected: "one of epochs,\nrate", remedy: "did you mean `epochs`?")
    #expect(
      fault.rendered() == """
        error: an unknown key
          file:     recipe.yaml:12
          key:      training.epohcs
          found:    `epohcs`
          expected: one of epochs,
                    rate
          help:     did you mean `epochs`?

        """)
    #expect(Fault(.failure, "no memory").rendered() == "error: no memory\n")
    #expect(
      Fault(.failure, "x", remedy: "y").rendered(isColored: true)
        == "\u{1B}[1;31merror:\u{1B}[0m x\n  \u{1B}[1;32mhelp:\u{1B}[0m     y\n")
  }

  @Test func aLongFoundIsCut() {
    let whole = String(repeating: "a", count: 200)
    #expect(Fault(.usage, "x", found: whole).rendered() == "error: x\n  found:    \(whole)\n")
    #expect(Fault(.usage, "x", found: whole + "b").rendered() == "error: x\n  found:    \(whole)…\n")
    // One letter with very many accents is one `Character`.
    let accents = "e" + String(repeating: "\u{301}", count: 90_000)
    #expect(Fault(.usage, "x", found: accents).rendered().unicodeScalars.count < 250)
    // A user needs the whole of every other part.
    let long = String(repeating: "b", count: 500)
    #expect(Fault(.usage, "x", expected: long).rendered().contains(long))
  }

  @Test func controlCharactersAreEscapedInEveryPart() {
    let wild = "a\u{1B}[2J\u{7}\r\u{202E}\u{85}b\tc"
    let tame = #"a\u{1B}[2J\u{7}\r\u{202E}\u{85}b\tc"#
    let fault = Fault(.usage, wild, file: wild, key: wild, found: wild, expected: wild, remedy: wild)
    let text = fault.rendered()
    #expect(text.components(separatedBy: tame).count == 7, "\(text)")
    #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || ($0.value >= 0x20 && $0.value < 0x7F) })
    #expect(Fault(.failure, "one\r\ntwo").rendered() == "error: one\n  two\n")
  }

  @Test(
    arguments: [
      (Fault.Kind.usage, 64), (.badData, 65), (.missingInput, 66), (.failure, 70), (.cannotWrite, 73),
    ] as [(Fault.Kind, Int32)])
  func exitCodes(kind: Fault.Kind, code: Int32) {
    #expect(kind.exitCode == code)
  }
}

@Suite struct ProgressTests {
  private let progress = TrainingProgress(
    epoch: 3, epochs: 30, step: 12, steps: 40, loss: 0.43121, scoreName: "accuracy", score: 0.8124,
    samplesPerSecond: 1234, secondsLeft: 123)

  @Test func theBarFits() {
    let whole = "epoch 3/30 ━━━━━━────────────── 12/40  loss 0.4312  accuracy 0.812  1.2k samples/s  2:03 left"
    #expect(progress.bar(width: 200) == whole)
    #expect(progress.bar(width: whole.count) == whole)
    #expect(progress.bar(width: whole.count - 1) == whole.replacing("  1.2k samples/s", with: ""))
    // A terminal of 80 columns shows the time left.
    #expect(progress.bar(width: 80 - ProgressDisplay.margin).hasSuffix("accuracy 0.812  2:03 left"))
    #expect(progress.bar(width: 50).hasSuffix("12/40  2:03 left"))
    #expect(progress.bar(width: 40).hasSuffix(" 12/40"))
    #expect(progress.bar(width: 20) == "epoch 3/30")
    #expect(progress.bar(width: 3) == "epo")
    #expect(progress.bar(width: -1) == "")
    #expect(progress.bar(width: 200, glyphs: .ascii).contains(" ######-------------- "))
    #expect(progress.line == "epoch 3/30  loss 0.4312  accuracy 0.812  1.2k samples/s  2:03 left")
  }

  @Test(arguments: [(0, 0, 0), (5, 0, 0), (0, 10, 0), (10, 10, 20), (11, 10, 20), (-1, 10, 0)])
  func theBarIsNeverOverfull(step: Int, steps: Int, filled: Int) {
    let bar = TrainingProgress(epoch: 1, epochs: 1, step: step, steps: steps).bar(width: 80, glyphs: .ascii)
    #expect(bar.count { $0 == "#" } == filled)
    #expect(bar.count { $0 == "-" } >= 20 - filled)
  }

  @Test func whatIsUndefinedIsSaid() {
    let line = TrainingProgress(
      epoch: 1, epochs: 2, step: 0, steps: 1, loss: .nan, samplesPerSecond: .infinity, secondsLeft: .nan
    ).line
    #expect(line == "epoch 1/2  loss undefined")
  }

  @Test(
    arguments: [
      (0, "0 s"), (59.4, "59 s"), (59.6, "1:00"), (3723, "1:02:03"), (187_200, "2 d 4 h"), (.infinity, "?"), (-1, "?"),
    ] as [(Double, String)])
  func durations(seconds: Double, text: String) {
    #expect(TrainingProgress.duration(seconds) == text)
  }

  /// A terminal of 40 columns, and a clock that the test moves.
  private final class Screen {
    var text = ""
    var time = 0.0
    func display(isTerminal: Bool) -> ProgressDisplay {
      ProgressDisplay(
        .init(
          isTerminal: isTerminal, glyphs: .ascii, width: { 40 }, now: { self.time }, write: { self.text += $0 }))
    }
  }

  @Test func aRedrawnLineLeavesTheLastColumnsFree() {
    #expect(ProgressDisplay.redrawing("2 of 4 stages done", width: 13) == "\r2 of 4 sta\u{1B}[K")
    #expect(ProgressDisplay.redrawing("2 of 4", width: 1) == "\r\u{1B}[K")
  }

  @Test func aTerminalIsRedrawnTenTimesASecondAtMost() {
    let screen = Screen()
    let display = screen.display(isTerminal: true)
    for step in 0..<1000 {
      screen.time = Double(step) / 1000
      display.update(progress)
    }
    #expect(screen.text.count { $0 == "\r" } == 10)
    #expect(screen.text.hasPrefix("\repoch 3/30 ######-------------- 12/40\u{1B}[K"))
    screen.text = ""
    display.finishEpoch(progress)
    #expect(screen.text == "\r\u{1B}[K\(progress.line)\n")
    screen.text = ""
    display.clear()
    #expect(screen.text == "")
    display.update(progress)
    #expect(screen.text != "")
  }

  @Test func elsewhereAnEpochIsOneLine() {
    let screen = Screen()
    let display = screen.display(isTerminal: false)
    for _ in 0..<10 { display.update(progress) }
    display.finishEpoch(progress)
    display.clear()
    #expect(screen.text == progress.line + "\n")
  }
}
