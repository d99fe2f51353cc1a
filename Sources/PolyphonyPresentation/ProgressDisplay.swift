/// A display of a training's progress: a redrawn bar on a terminal, one plain line per epoch elsewhere.
///
/// ```swift
/// let output = ProgressDisplay.Output(
///   isTerminal: false, width: { 80 }, now: { ProcessInfo.processInfo.systemUptime },
///   write: { print($0, terminator: "") })
/// let display = ProgressDisplay(output)
/// display.update(TrainingProgress(epoch: 1, epochs: 30, step: 12, steps: 40, loss: 0.43))
/// display.finishEpoch(TrainingProgress(epoch: 1, epochs: 30, step: 40, steps: 40, loss: 0.41))
/// ```
public final class ProgressDisplay {
  /// The destination of a display, and its properties.
  public struct Output {
    /// True if lines can be redrawn.
    public var isTerminal: Bool
    /// The characters of the bar.
    public var glyphs: GlyphSet
    /// Returns the number of columns. The display calls it for each drawing.
    public var width: () -> Int
    /// Returns the seconds of a clock that never goes back.
    public var now: () -> Double
    /// Writes the text.
    public var write: (String) -> Void

    /// Makes an output.
    public init(
      isTerminal: Bool, glyphs: GlyphSet = .unicode, width: @escaping () -> Int, now: @escaping () -> Double,
      write: @escaping (String) -> Void
    ) {
      self.isTerminal = isTerminal
      self.glyphs = glyphs
      self.width = width
      self.now = now
      self.write = write
    }
  }

  /// The minimum time between two drawings, in seconds.
  public static let interval = 0.1

  /// Removes a bar from the line of the cursor.
  public static let erasure = "\r\u{1B}[K"

  /// The columns to the right of the bar that stay free. A character in the last column makes some terminals begin a new
  /// line, and Ctrl-C makes the terminal write `^C` behind the bar.
  static let margin = 3

  /// Returns the characters that redraw the line of the cursor. The line is cut to the columns of the terminal.
  package static func redrawing(_ line: String, width: Int) -> String {
    "\r" + line.prefix(max(0, width - margin)) + "\u{1B}[K"
  }

  private let output: Output
  private var lastDrawing: Double?
  private var isBarVisible = false

  /// Makes a display.
  public init(_ output: Output) { self.output = output }

  /// Shows a step, at most ten times per second, and only on a terminal.
  public func update(_ progress: @autoclosure () -> TrainingProgress) {
    guard output.isTerminal else { return }
    let now = output.now()
    if let lastDrawing, now - lastDrawing < Self.interval { return }
    lastDrawing = now
    isBarVisible = true
    let width = output.width()
    output.write(Self.redrawing(progress().bar(width: width - Self.margin, glyphs: output.glyphs), width: width))
  }

  /// Prints the end of an epoch as a permanent line.
  public func finishEpoch(_ progress: TrainingProgress) { print(progress.line) }

  /// Prints a permanent line, above the bar if there is one. Control characters in it are escaped.
  public func print(_ line: String) {
    clear()
    output.write(line.escapingControlsInLines() + "\n")
  }

  /// Removes the bar.
  public func clear() {
    guard isBarVisible else { return }
    output.write(Self.erasure)
    isBarVisible = false
    lastDrawing = nil
  }
}
