import Torch

/// The samples of the last batches of a stream, with the movement of their predictions since each batch came.
struct PredictionWindow {
  private var batches: [(indices: [Int], ledger: SnapshotLedger)] = []

  init() {}

  /// The indices of all samples, the oldest batch first.
  var indices: [Int] { batches.flatMap(\.indices) }

  /// Adds a batch with its first snapshot, and removes the oldest one beyond the limit. It ignores a repetition of the
  /// last batch.
  mutating func add(_ indices: [Int], _ soft: Tensor, limit: Int) {
    guard batches.last?.indices != indices else { return }
    var ledger = SnapshotLedger()
    ledger.add(soft)
    batches = Array((batches + [(indices, ledger)]).suffix(limit))
  }

  /// Adds a snapshot of all samples.
  mutating func update(_ soft: Tensor) {
    for (place, part) in soft.split(batches.map(\.indices.count)).enumerated() { batches[place].ledger.add(part) }
  }

  /// The stability s of all samples, each over its own snapshots.
  var stability: [Double] { batches.flatMap { $0.ledger.stability ?? [] } }

  /// The means ỹ of samples by their places in ``indices``, which must be in order.
  func means(_ places: [Int]) -> Tensor {
    var start = 0
    var parts: [Tensor] = []
    for (indices, ledger) in batches {
      let own = places.filter { $0 >= start && $0 < start + indices.count }.map { $0 - start }
      if !own.isEmpty, let means = ledger.means(own) { parts.append(means) }
      start += indices.count
    }
    return .concatenated(parts)
  }

  func state() -> [(key: String, tensor: Tensor)] {
    batches.enumerated().flatMap { place, batch in
      [("window.\(place).indices", Tensor(batch.indices))]
        + batch.ledger.state().map { ("window.\(place).\($0.key)", $0.tensor) }
    }
  }

  init(_ saved: [String: Tensor], file: String?) throws(Fault) {
    while let indices = saved["window.\(batches.count).indices"]?.integers {
      batches.append((indices, try SnapshotLedger(saved, prefix: "window.\(batches.count).", file: file)))
    }
  }
}
