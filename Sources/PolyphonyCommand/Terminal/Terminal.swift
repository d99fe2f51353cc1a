import Foundation
import Polyphony

/// What is known of the terminal that standard error goes to.
enum Terminal {
  /// Whether standard error is a terminal that can redraw a line.
  static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb" }

  /// Whether texts may be coloured: on an interactive terminal, unless NO_COLOR asks for none.
  static var isColored: Bool { isInteractive && environment("NO_COLOR") == nil }

  /// The characters that the locale can show.
  static var glyphs: GlyphSet {
    let locale = environment("LC_ALL") ?? environment("LC_CTYPE") ?? environment("LANG") ?? ""
    let name = locale.lowercased()
    return name.contains("utf-8") || name.contains("utf8") ? .unicode : .ascii
  }

  /// The columns of the terminal; 80 where nobody says.
  static var width: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Writes to standard error; where nobody reads it any more, nothing happens.
  static func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

  /// The value of a variable of the environment; nil where it is not set or empty.
  private static func environment(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }
}

extension Terminal {
  /// Says something that is no result, on standard error.
  static func note(_ text: String) { write(text + "\n") }
}
