/// Measures the time of repeated work.
package enum Stopwatch {
  /// The seconds of one run.
  package static func seconds<E>(_ body: () throws(E) -> Void) throws(E) -> Double {
    let start = ContinuousClock.now
    try body()
    return start.duration(to: .now).inSeconds
  }

  /// The median seconds of several runs, after one warm-up run.
  package static func median<E>(_ repeats: Int, _ body: () throws(E) -> Void) throws(E) -> Double {
    median(try (0...repeats).map { (_) throws(E) in try seconds(body) }.dropFirst())
  }

  /// The median. For an even count it is the mean of the two values in the middle, and 0 for an empty sequence.
  static func median(_ values: some Sequence<Double>) -> Double {
    let sorted = values.sorted()
    if sorted.isEmpty { return 0 }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
