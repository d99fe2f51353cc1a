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
    return text.text
  }
}
