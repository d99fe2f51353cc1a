import Dispatch
import Polyphony

extension ProgressDisplay {
  /// Makes a display on standard error: a bar on an interactive terminal, a line per epoch elsewhere.
  static func onStandardError() -> ProgressDisplay {
    ProgressDisplay(
      Output(
        isTerminal: Terminal.isInteractive, glyphs: Terminal.glyphs, width: { Terminal.width },
        now: { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }, write: Terminal.draw))
  }
}
