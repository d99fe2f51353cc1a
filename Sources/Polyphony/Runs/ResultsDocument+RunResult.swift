import OrderedCollections
import Torch

extension ResultsDocument.Row {
  /// Makes the row of a results document for a result.
  package init(_ result: RunResult) {
    self.init(
      name: result.name, split: result.split, seeds: result.seeds.map { Int($0) }, metrics: result.aggregates,
      parameters: result.parameters, output: result.output, extra: result.furtherKeys)
  }
}

extension RunResult {
  /// The keys of a row besides its scores: conditions, mask, figures by class or output, answers, seconds and cost.
  fileprivate var furtherKeys: OrderedDictionary<String, OrderedJSON> {
    var extra = conditions.mapValues { OrderedJSON.string($0) }
    if let mask { extra["mask"] = .string(mask) }
    for (key, value) in (classes?.members ?? []) + (outputs?.members ?? []) { extra[key] = value }
    if !answers.isEmpty { extra["answers"] = .array(answers.map { $1.json(seed: Int($0)) }) }
    if let seconds { extra["seconds"] = .number(seconds) }
    if let cost {
      extra["cost"] = [
        "seconds_per_step": .number(cost.secondsPerStep), "latency": .number(cost.latency),
        "base_latency": .number(cost.baseLatency), "peak_memory": cost.peakMemory.map { .integer($0) } ?? .null,
      ]
    }
    return extra
  }
}
