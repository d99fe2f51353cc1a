import Torch

/// Scores of one model with some of its modalities taken away at test time (zero fill).
public enum ModalitySubsets {
  /// Scores under a subset.
  public struct Row: Sendable {
    /// `all`, `only NAME` or `without NAME`.
    public var name: String
    /// The modalities that are there.
    public var present: [Bool]
    /// The task's metrics.
    public var metrics: MetricValues
  }

  /// Scores with all modalities, each alone, and each left out.
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
