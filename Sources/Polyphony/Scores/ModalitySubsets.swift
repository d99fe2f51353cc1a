import Torch

/// The scores of one model without some of its modalities at test time (zero fill).
///
/// ```swift
/// for row in try ModalitySubsets.scores(model, test) {
///   print(row.name, row.metrics["accuracy"] ?? .nan)
/// }
/// ```
public enum ModalitySubsets {
  /// The scores with one subset.
  public struct Row: Sendable {
    /// `all`, `only NAME` or `without NAME`.
    public var name: String
    /// The presence of each modality.
    public var present: [Bool]
    /// The task's metrics.
    public var metrics: MetricValues
  }

  /// Scores a model with all modalities, with each alone, and without each.
  /// - Throws: `Fault(.failure)` if a prediction is not a finite number.
  public static func scores(_ model: MultimodalModel, _ split: LabelledSplit, device: Device = .cpu) throws(Fault)
    -> [Row]
  {
    let names = model.configuration.modalities.map(\.name)
    var subsets: [(String, [Bool])] = [("all", names.map { _ in true })]
    if names.count > 1 {
      subsets += names.map { name in ("only \(name)", names.map { $0 == name }) }
      subsets += names.map { name in ("without \(name)", names.map { $0 != name }) }
    }
    var rows: [Row] = []
    for (name, present) in subsets {
      let evaluation = try model.evaluate(
        split, device: device, prepare: { inputs, _ in inputs.keeping(present) })
      rows.append(Row(name: name, present: present, metrics: evaluation.metrics))
    }
    return rows
  }
}
