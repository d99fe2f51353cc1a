/// The times of the entries of one recording, in the order of their starts.
///
/// The rule for overlaps is that of CMU-MultimodalSDK (`align` in `mmsdk/mmdatasdk/dataset/dataset.py`).
struct TimedEntries {
  /// The time of an entry in seconds.
  struct Interval: Equatable {
    var start: Double
    var end: Double

    /// True if the interval is so short that the SDK drops it.
    var isEmpty: Bool { abs(start - end) < TimedEntries.epsilon }
  }

  /// The SDK's tolerance for times, in seconds.
  static let epsilon = 10e-6

  /// The times, in ascending order of their starts.
  let intervals: [Interval]
  /// The place of each of them in the file.
  let places: [Int]
  /// The latest end of all entries up to each one.
  private let latestEnds: [Double]

  /// Sorts the times of a file. Entries of one start keep their order.
  init(_ intervals: [Interval]) {
    places = intervals.indices.sorted { (intervals[$0].start, $0) < (intervals[$1].start, $1) }
    self.intervals = places.map { intervals[$0] }
    var latest = -Double.infinity
    latestEnds = self.intervals.map { interval in
      latest = max(latest, interval.end)
      return latest
    }
  }

  /// Returns the entries that share more than the tolerance with an interval, as indices in order of their starts.
  func overlapping(_ wanted: Interval) -> [Int] {
    let first = Self.firstIndex(latestEnds.count) { latestEnds[$0] - wanted.start > -Self.epsilon }
    let end = Self.firstIndex(intervals.count) { intervals[$0].start - wanted.end >= Self.epsilon }
    guard first < end else { return [] }
    return (first..<end).filter { index in
      let own = intervals[index]
      guard own.end - wanted.start > -Self.epsilon else { return false }
      return abs(max(own.start, wanted.start) - min(own.end, wanted.end)) > Self.epsilon
    }
  }

  /// Returns the first index at which a condition holds that holds from there on.
  private static func firstIndex(_ count: Int, where holds: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
