import PolyphonySupport

/// The counts of the requests to one model since the service started.
final class ModelMetrics: Sendable {
  /// The counts. Times are in microseconds.
  struct Counts: Sendable {
    var (successes, failures) = (0, 0)
    /// Samples, and passes through the model.
    var (samples, passes) = (0, 0)
    var (requestTime, queueTime, computeTime) = (0, 0, 0)
    var duration = Histogram(Histogram.seconds)
    var batch = Histogram(Histogram.samples)
    /// Samples that lacked a modality, by modality.
    var missing: [Int] = []
  }

  /// The model's name.
  let model: String
  /// The counts of its streams.
  let streams: StreamMetrics
  private let stored: Locked<(names: [String], counts: Counts)>

  /// - Parameter warn: receives a sentence for the operator.
  init(model: String, warn: @escaping @Sendable (String) -> Void = { _ in }) {
    self.model = model
    streams = StreamMetrics(warn: warn)
    stored = Locked(([], Counts()))
  }

  var counts: Counts { stored.value.counts }

  /// The names of the model's modalities.
  var names: [String] {
    get { stored.value.names }
    set {
      stored.update { stored in
        // A model that was loaded anew may have other modalities.
        if stored.names != newValue { stored.counts.missing = Array(repeating: 0, count: newValue.count) }
        stored.names = newValue
      }
    }
  }

  /// Counts a pass through the model.
  func didRun(_ parts: [Samples], waits: [UInt64], time: UInt64) {
    let samples = parts.reduce(0) { $0 + $1.count }
    stored.update { stored in
      stored.counts.samples += samples
      stored.counts.passes += 1
      stored.counts.queueTime += Int(waits.reduce(0, +) / 1000)
      // Each request of a pass waits for all of it.
      stored.counts.computeTime += Int(time / 1000) * parts.count
      stored.counts.batch.add(Double(samples))
      for part in parts where part.presence != nil && part.values.count == stored.counts.missing.count {
        stored.counts.missing = zip(stored.counts.missing, part.missing).map { $0 + $1 }
      }
    }
  }

  /// Counts an answer.
  func didAnswer(isSuccess: Bool, time: UInt64) {
    stored.update { stored in
      guard isSuccess else {
        stored.counts.failures += 1
        return
      }
      stored.counts.successes += 1
      stored.counts.requestTime += Int(time / 1000)
      stored.counts.duration.add(Double(time) / 1e9)
    }
  }
}
