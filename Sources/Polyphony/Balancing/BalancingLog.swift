import OrderedCollections
import Torch

/// A strategy's figures by name, as means over the steps of an epoch.
struct BalancingLog {
  private var sums: OrderedDictionary<String, (sum: Double, count: Double)> = [:]
  private var epoch = -1

  /// Discards the figures of a previous epoch.
  mutating func begin(_ epoch: Int) {
    guard epoch != self.epoch else { return }
    self.epoch = epoch
    sums.removeAll()
  }

  /// Adds the figure of one step.
  mutating func add(_ name: String, _ value: Double) {
    let before = sums[name] ?? (0, 0)
    sums[name] = (before.sum + value, before.count + 1)
  }

  /// Adds one figure per modality under `prefix/NAME`.
  mutating func add(_ prefix: String, _ modalities: [String], _ values: [Double]) {
    for (name, value) in zip(modalities, values) { add("\(prefix)/\(name)", value) }
  }

  /// The means over the epoch so far.
  var metrics: [(name: String, value: Double)] { sums.map { ($0.key, $0.value.sum / $0.value.count) } }

  /// The epoch, and for each figure its sum, its count and its place among the figures.
  func state() -> [(key: String, tensor: Tensor)] {
    [("log", StrategyState.numbers([Double(epoch)]))]
      + sums.enumerated().map { place, figure in
        let (sum, count) = figure.value
        return ("log.\(figure.key)", StrategyState.numbers([sum, count, Double(place)]))
      }
  }

  mutating func load(_ state: [String: Tensor], file: String?) throws(Fault) {
    // Before the first step it is −1.
    epoch = try StrategyState.integer("log", of: state, from: -1, file: file)
    sums.removeAll()
    let saved = StrategyState.section("log", of: state)
    var figures: [(name: String, numbers: [Double])] = []
    for name in saved.keys { figures.append((name, try StrategyState.numbers(name, of: saved, count: 3, file: file))) }
    for figure in figures.sorted(by: { $0.numbers[2] < $1.numbers[2] }) {
      sums[figure.name] = (figure.numbers[0], figure.numbers[1])
    }
  }
}
