import PolyphonySupport

/// The metrics of a service: those of its models under Triton's names, and some of its own.
final class ServiceMetrics: Sendable {
  private let answers = Locked<[Int: Int]>([:])

  /// Counts an answer by its status.
  func didAnswer(_ status: Int) { answers.update { $0[status, default: 0] += 1 } }

  /// Returns all metrics as text.
  func text(_ models: [ModelMetrics], pending: Int, connections: Int) -> String {
    var text = MetricsText()
    let counts = models.map { metrics -> (labels: MetricsText.Labels, names: [String], counts: ModelMetrics.Counts) in
      ([("model", metrics.model), ("version", ServedModel.version)], metrics.names, metrics.counts)
    }
    func add(_ name: String, _ help: String, _ value: (ModelMetrics.Counts) -> Int) {
      text.add(name, "counter", help, counts.map { ($0.labels, Double(value($0.counts))) })
    }
    add("nv_inference_request_success", "Number of requests with predictions") { $0.successes }
    add("nv_inference_request_failure", "Number of requests without predictions") { $0.failures }
    add("nv_inference_count", "Number of samples") { $0.samples }
    add("nv_inference_exec_count", "Number of passes through a model") { $0.passes }
    add("nv_inference_request_duration_us", "Microseconds from request to answer") { $0.requestTime }
    add("nv_inference_queue_duration_us", "Microseconds in which requests waited") { $0.queueTime }
    add("nv_inference_compute_infer_duration_us", "Microseconds of passes, for each request") { $0.computeTime }
    text.add(
      "nv_inference_pending_request_count", "gauge", "Number of requests that wait", [([], Double(pending))])
    text.add(
      "polyphony_request_duration_seconds", "Seconds from request to answer",
      counts.map { ($0.labels, $0.counts.duration) })
    text.add("polyphony_batch_size", "Samples of a pass", counts.map { ($0.labels, $0.counts.batch) })
    let cells = counts.flatMap { model in
      zip(model.names, model.counts.missing).map { name, missing in
        (labels: model.labels + [("modality", name)], missing: missing, samples: model.counts.samples)
      }
    }
    text.add(
      "polyphony_samples_missing_total", "counter", "Samples that lacked a modality",
      cells.map { ($0.labels, Double($0.missing)) })
    text.add(
      "polyphony_missing_rate", "gauge", "Share of the samples that lacked a modality",
      cells.map { ($0.labels, $0.samples > 0 ? Double($0.missing) / Double($0.samples) : 0) })
    text.add(
      "polyphony_http_responses_total", "counter", "Answers by status",
      answers.value.sorted { $0.key < $1.key }.map { ([("code", "\($0.key)")], Double($0.value)) })
    text.add("polyphony_connections", "gauge", "Open connections", [([], Double(connections))])
    // A model without adaptation has no state of streams.
    addStreams(models.filter { $0.streams.counts.bytes > 0 }, &text)
    return text.text
  }

  /// The metrics of models with streams that adapt.
  private func addStreams(_ models: [ModelMetrics], _ text: inout MetricsText) {
    let counts = models.map { (labels: [("model", $0.model)] as MetricsText.Labels, counts: $0.streams.counts) }
    func add(_ name: String, _ help: String, kind: String = "counter", _ value: (StreamMetrics.Counts) -> Int) {
      text.add("polyphony_\(name)", kind, help, counts.map { ($0.labels, Double(value($0.counts))) })
    }
    add("streams", "Streams in memory", kind: "gauge") { $0.streams }
    add("stream_bytes", "Bytes of a state; a stream has one and at most four earlier ones", kind: "gauge") { $0.bytes }
    add("stream_samples_total", "Samples that streams have learned from") { $0.samples }
    add("stream_skipped_samples_total", "Samples of requests that were too small to learn from") { $0.skipped }
    add("stream_returns_total", "Batches that the guard has refused") { $0.returns }
    add("stream_resets_total", "Resets of streams by clients") { $0.resets }
    add("stream_saves_total", "Files of streams that were written") { $0.saves }
    add("stream_failures_total", "Failures to read or write a stream") { $0.failures }
    add("streams_evicted_total", "Streams that left the memory for the folder") { $0.evicted }
    add("streams_lost_total", "Streams that left the memory and could not be kept") { $0.lost }
    add("streams_elsewhere_total", "Requests whose stream another service had") { $0.elsewhere }
    add("streams_overtaken_total", "States that another service had replaced before they were saved") { $0.overtaken }
    add("shadow_samples_total", "Samples that the source has answered for a stream") { $0.shadow.samples }
    add("shadow_changed_labels_total", "Those that the stream would have given another label") { $0.shadow.changed }
    text.add(
      "polyphony_input_drift", "gauge", "Drift of the latest batch of a stream in standard deviations of the source",
      counts.flatMap { model in
        model.counts.drift.sorted { $0.key < $1.key }.map { (model.labels + [("modality", $0.key)], $0.value) }
      })
  }
}
