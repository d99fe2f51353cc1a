/// Times of repeated work.
enum Stopwatch {
  /// Seconds of one run.
  static func seconds(_ body: () -> Void) -> Double {
    let start = ContinuousClock.now
    body()
    let duration = start.duration(to: .now).components
    return Double(duration.seconds) + Double(duration.attoseconds) * 1e-18
  }

  /// The median over some runs, after one that is not counted.
  static func median(_ repeats: Int, _ body: () -> Void) -> Double {
    middle((0...repeats).map { _ in seconds(body) }.dropFirst())
  }

  /// The middle value; 0 of none.
  static func middle(_ values: some Sequence<Double>) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
  }
}
