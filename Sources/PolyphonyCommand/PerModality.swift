import Polyphony
import Torch

/// Rows of `evaluate --per-modality`: what each modality is worth to a model.
enum PerModality {
  static func rows(_ model: MultimodalModel, _ split: LabelledSplit, training: LabelledSplit, device: Device) throws
    -> [RunResult]
  {
    let contributions = try ModalityContributions.measure(model, split, device: device)
    let metric = contributions.metric
    var rows: [RunResult] = []
    func add(_ name: String, _ values: MetricValues) {
      var row = RunResult(name: name, split: split.samples.name)
      row.add(seed: 0, values)
      rows.append(row)
    }
    for row in contributions.rows {
      add("only \(row.modality)", [metric: row.alone])
      add("without \(row.modality)", [metric: row.without])
      add("Shapley value of \(row.modality)", [metric: row.shapley])
    }
    add("modality gap", [metric: contributions.gap])
    if model.configuration.task.kind != .segmentation {
      for probe in try LinearProbe.scores(model, training: training, test: split, device: device) {
        add("linear probe of \(probe.modality)", [metric: probe.metrics[metric]])
      }
    }
    return rows
  }
}
