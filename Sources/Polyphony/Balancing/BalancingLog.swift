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

  func state() -> [(key: String, tensor: Tensor)] {
    [("log", StrategyState.numbers([Double(epoch)]))]
      + sums.map { ("log.\($0.key)", StrategyState.numbers([$0.value.sum, $0.value.count])) }
  }

  mutating func load(_ state: [String: Tensor], file: String?) throws(Fault) {
    epoch = Int(try StrategyState.numbers("log", of: state, count: 1, file: file)[0])
    sums.removeAll()
    let saved = StrategyState.section("log", of: state)
    for name in saved.keys.sorted() {
      let pair = try StrategyState.numbers(name, of: saved, count: 2, file: file)
      sums[name] = (pair[0], pair[1])
    }
  }
}
