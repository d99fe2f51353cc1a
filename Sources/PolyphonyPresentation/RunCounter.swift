/// The runs of a command, counted as they begin, and the time that all of them will take.
///
/// ```swift
/// let counter = RunCounter(methods: 2, seeds: 5)
/// print(counter.heading ?? "")  // 10 runs: 2 methods × 5 seeds
/// print(counter.begin("joint, seed 0"))  // joint, seed 0 (run 1 of 10)
/// print(counter.estimate(secondsPerRun: 120) ?? "")  // all 10 runs take about 20:00
/// ```
public final class RunCounter {
  private let methods: Int
  private let seeds: Int
  private var begun = 0
  private var isEstimated = false

  /// Describes the runs of a command.
  public init(methods: Int, seeds: Int) { (self.methods, self.seeds) = (methods, seeds) }

  /// The number of runs.
  public var total: Int { methods * seeds }

  /// The line before the first run. Nil for a single run.
  public var heading: String? {
    guard total > 1 else { return nil }
    let parts = [(methods, "method"), (seeds, "seed")].map { "\($0) \($1)\($0 == 1 ? "" : "s")" }
    return "\(total) runs: \(parts.joined(separator: " × "))"
  }

  /// Counts a run that begins. Returns its name with its place among the runs, empty for a single run.
  public func begin(_ name: String) -> String {
    begun += 1
    return total > 1 ? "\(name) (run \(begun) of \(total))" : name
  }

  /// The line after the first measured epoch. It is nil for every later epoch, and if all takes less than ten seconds.
  ///
  /// - Parameter secondsPerRun: The time of the current run, from its first to its last epoch.
  public func estimate(secondsPerRun: Double) -> String? {
    guard !isEstimated, secondsPerRun.isFinite else { return nil }
    isEstimated = true
    let left = max(1, total - max(0, begun - 1))
    let seconds = secondsPerRun * Double(left)
    guard seconds >= 10 else { return nil }
    let runs = left == 1 ? "the run takes" : "\(left == total ? "all" : "the remaining") \(left) runs take"
    return "\(runs) about \(TrainingProgress.duration(seconds))"
  }
}
