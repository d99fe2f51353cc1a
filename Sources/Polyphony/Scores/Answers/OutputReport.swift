import Torch

/// The scores of each target of a regression with several, or of each label of a multi-label classification.
///
/// ```swift
/// let evaluation = try model.evaluate(test)
/// if let report = evaluation.outputs { print(report.table.text()) }
/// ```
public struct OutputReport: Equatable, Sendable {
  /// The meaning of an output.
  public enum Kind: String, CaseIterable, Sendable {
    /// The value of a target.
    case target
    /// The logit of a label.
    case label
  }

  /// The scores of one output.
  public struct Row: Equatable, Sendable {
    /// The name of the target or the label.
    public var name: String
    /// The scores. A target has the metrics of its task. A label has `support` (its number of samples), `precision`,
    /// `recall`, `f1` and `average_precision`.
    public var scores: MetricValues
  }

  /// The meaning of the outputs.
  public let kind: Kind
  /// The scores in the order of the outputs.
  public let rows: [Row]

  private static let support = "support"

  /// Computes the scores of predictions `[N, K]` against targets `[N, K]`. It is nil for a task with one answer per
  /// sample.
  init?(_ prediction: Tensor, _ target: Tensor, task: PredictionTask) {
    guard let names = task.outputNames else { return nil }
    let scores: [MetricValues]
    if task.kind == .regression {
      (kind, scores) = (.target, TargetMetrics.perTarget(prediction, target, task.metrics))
    } else {
      let labels = MultilabelMetrics.perLabel(
        logits: prediction.floats, truth: target.floats, labels: names.count)
      kind = .label
      scores = (labels ?? []).map { label in
        [
          Self.support: Double(label.counts.support), "precision": label.counts.precision,
          "recall": label.counts.recall, "f1": label.counts.f1, "average_precision": label.averagePrecision,
        ]
      }
    }
    rows = zip(names, scores).map { Row(name: $0, scores: $1) }
  }

  /// The scores as a table with a row for each target or label.
  public var table: TextTable {
    let names = rows.first?.scores.names ?? []
    var table = TextTable([.init(kind.rawValue)] + names.map { .init($0, .right) })
    for row in rows {
      table.append(
        [row.name]
          + names.map { name in
            let value = row.scores[name]
            return name == Self.support ? value.map { String(Int($0)) } ?? "" : Aggregate([value]).formatted()
          })
    }
    return table
  }
}

extension OutputReport {
  /// The key of a row of results: `per_target` or `per_label`, a list with an object for each target or label.
  package var members: [(key: String, value: OrderedJSON)] {
    let list = rows.map { row in
      OrderedJSON.object(
        [.init(kind.rawValue, .string(row.name))]
          + row.scores.map { name, value in
            .init(name, name == Self.support ? .integer(Int(value ?? 0)) : value.map { .number($0) } ?? .null)
          })
    }
    return [("per_\(kind.rawValue)", .array(list))]
  }

  /// Reads the report from a row of results. It is nil for a row without these keys, or with another form of them.
  package init?(_ row: ResultsDocument.Row) {
    guard let kind = Kind.allCases.first(where: { row.extra["per_\($0.rawValue)"] != nil }),
      case .array(let list)? = row.extra["per_\(kind.rawValue)"]
    else { return nil }
    var rows: [Row] = []
    for entry in list {
      guard case .object(let members) = entry, case .string(let name)? = entry[kind.rawValue] else { return nil }
      var scores = MetricValues()
      for member in members where member.key != kind.rawValue {
        switch member.value {
        case .number(let value): scores[member.key] = value
        case .integer(let value): scores[member.key] = Double(value)
        default: scores[member.key] = nil
        }
      }
      rows.append(Row(name: name, scores: scores))
    }
    (self.kind, self.rows) = (kind, rows)
  }
}
