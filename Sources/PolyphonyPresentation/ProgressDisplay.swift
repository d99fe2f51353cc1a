/// Shows a training's progress: a bar that is redrawn on a terminal, one plain line for each epoch elsewhere.
public final class ProgressDisplay {
  /// Where and how it is shown.
  public struct Output {
    /// Whether lines can be redrawn.
    public var isTerminal: Bool
    /// The characters of the bar.
    public var glyphs: GlyphSet
    /// The columns there are, asked at each drawing.
    public var width: () -> Int
    /// Seconds on a clock that never goes back.
    public var now: () -> Double
    /// Takes the text.
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

  /// The least time between two drawings, in seconds.
  public static let interval = 0.1

  private static let eraseToEndOfLine = "\u{1B}[K"
  private let output: Output
  private var lastDrawing: Double?
  private var isBarVisible = false

  /// Makes a display.
  public init(_ output: Output) { self.output = output }

  /// Shows a step, at most ten times a second, and on a terminal only.
  public func update(_ progress: @autoclosure () -> TrainingProgress) {
    guard output.isTerminal else { return }
    let now = output.now()
    if let lastDrawing, now - lastDrawing < Self.interval { return }
    lastDrawing = now
    isBarVisible = true
    // The last column stays free: a character there makes some terminals begin a new line.
    output.write("\r" + progress().bar(width: output.width() - 1, glyphs: output.glyphs) + Self.eraseToEndOfLine)
  }

  /// Shows the end of an epoch, in a line that stays.
  public func finishEpoch(_ progress: TrainingProgress) { print(progress.line) }

  /// Writes a line that stays, above the bar where there is one.
  public func print(_ line: String) {
    clear()
    output.write(line + "\n")
  }

  /// Takes the bar away.
  public func clear() {
    guard isBarVisible else { return }
    output.write("\r" + Self.eraseToEndOfLine)
    isBarVisible = false
    lastDrawing = nil
  }
}
