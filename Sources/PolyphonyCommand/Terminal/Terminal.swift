import Foundation
import Polyphony

/// The properties of the terminal behind standard error.
enum Terminal {
  /// True if standard error is a terminal that can redraw a line.
  static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb" }

  /// True if texts may have colours: on an interactive terminal, unless NO_COLOR is set.
  static var isColored: Bool { isInteractive && environment("NO_COLOR") == nil }

  /// The characters that the locale can display.
  static var glyphs: GlyphSet {
    let locale = environment("LC_ALL") ?? environment("LC_CTYPE") ?? environment("LANG") ?? ""
    let name = locale.lowercased()
    return name.contains("utf-8") || name.contains("utf8") ? .unicode : .ascii
  }

  /// The number of columns of the terminal, or 80 if it is unknown.
  static var width: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// The number of columns for tables on standard output. Nil if it is no terminal, so that files have whole lines.
  static var tableWidth: Int? {
    var size = winsize()
    guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return nil
    }
    return Int(size.ws_col)
  }

  /// Writes lines to standard error. A bar that is there, with the `^C` of a terminal behind it, goes first.
  static func write(_ text: String) {
    if isBarVisible.value { send(ProgressDisplay.erasure) }
    isBarVisible.value = false
    send(text)
  }

  /// Writes a part of a display, which removes its own bar.
  static func draw(_ text: String) {
    isBarVisible.value = text.hasPrefix("\r") && text != ProgressDisplay.erasure
    send(text)
  }

  /// True if the cursor is behind a bar.
  private static let isBarVisible = Locked(false)

  /// Writes to standard error. A message that cannot be written is lost, since there is no other place for it.
  private static func send(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

  /// Returns an environment variable. It is nil if the variable is unset or empty.
  private static func environment(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }
}

extension TextTable {
  /// The table as it fits the terminal.
  func forTerminal() -> String { text(Terminal.glyphs, width: Terminal.tableWidth) }
}

extension Terminal {
  /// Prints a remark that is not a result, on standard error. Control characters in it are escaped.
  ///
  /// Of a group of processes, the first one speaks for all.
  static func note(_ text: String) { if !GroupMembership.isFollower { write(text.escapingControlsInLines() + "\n") } }
}
