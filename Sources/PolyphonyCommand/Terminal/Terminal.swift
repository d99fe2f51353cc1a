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

  /// Writes to standard error. If its reader has gone, nothing happens.
  static func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

  /// Returns an environment variable. It is nil if the variable is unset or empty.
  private static func environment(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }
}

extension Terminal {
  /// Prints a remark that is not a result, on standard error.
  static func note(_ text: String) { write(text + "\n") }
}
