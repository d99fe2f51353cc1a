/// A count of values by size, as Prometheus keeps it.
struct Histogram: Sendable {
  /// The upper bounds of the buckets, ascending. A last bucket without bound follows.
  let bounds: [Double]
  private(set) var counts: [Int]
  private(set) var sum = 0.0

  init(_ bounds: [Double]) {
    self.bounds = bounds
    counts = Array(repeating: 0, count: bounds.count + 1)
  }

  /// Bounds of durations in seconds.
  static let seconds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]
  /// Bounds of numbers of samples.
  static let samples = [1.0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]

  mutating func add(_ value: Double) {
    counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
    sum += value
  }
}
