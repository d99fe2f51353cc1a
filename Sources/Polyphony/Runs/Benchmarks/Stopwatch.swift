/// Measures the time of repeated work.
enum Stopwatch {
  /// The seconds of one run.
  static func seconds(_ body: () -> Void) -> Double {
    let start = ContinuousClock.now
    body()
    return start.duration(to: .now).inSeconds
  }

  /// The median seconds of several runs, after one warm-up run.
  static func median(_ repeats: Int, _ body: () -> Void) -> Double {
    median((0...repeats).map { _ in seconds(body) }.dropFirst())
  }

  /// The median. For an even count it is the mean of the two values in the middle, and 0 for an empty sequence.
  static func median(_ values: some Sequence<Double>) -> Double {
    let sorted = values.sorted()
    if sorted.isEmpty { return 0 }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
