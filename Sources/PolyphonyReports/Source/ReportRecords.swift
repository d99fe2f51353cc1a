import Foundation
import OrderedCollections
import Polyphony

/// The records of a run's `metrics.jsonl`.
struct ReportRecords: Sendable {
  /// One record.
  struct Record: Sendable {
    var epoch: Int
    var step: Int
    /// The stage of learning: `epoch` of a training, or such as `contrast` and `pseudo` of an adaptation.
    var stage: String
    var values: OrderedDictionary<String, Double?>
  }

  /// The records, in order.
  private(set) var records: [Record] = []
  /// The number of invalid lines, from damage or from a killed run.
  private(set) var unreadable = 0

  /// Reads a file. An absent file has no records.
  init(path: String) {
    guard let data = FileManager.default.contents(atPath: path) else { return }
    for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
      guard let record = try? OrderedJSON(parsing: String(line)), case .object(let members) = record,
        case .integer(let epoch)? = record["epoch"], case .integer(let step)? = record["step"]
      else {
        unreadable += 1
        continue
      }
      var values: OrderedDictionary<String, Double?> = [:]
      for member in members where !["epoch", "step", "split"].contains(member.key) {
        switch member.value {
        case .integer(let value): values.updateValue(Double(value), forKey: member.key)
        case .number(let value): values.updateValue(value.isFinite ? value : nil, forKey: member.key)
        case .null: values.updateValue(nil, forKey: member.key)
        default: break
        }
      }
      var stage = ""
      if case .string(let name)? = record["split"] { stage = name }
      records.append(Record(epoch: epoch, step: step, stage: stage, values: values))
    }
  }

  /// The names of the metrics, in order.
  var names: [String] { Array(OrderedSet(records.flatMap { Array($0.values.keys) })) }

  /// The stages of learning in which a metric was logged, in order.
  func stages(of name: String) -> [String] {
    Array(OrderedSet(records.filter { $0.values.keys.contains(name) }.map(\.stage)))
  }

  /// Returns a metric over epochs, or over steps if all records are of one epoch. The last of repeated positions
  /// counts.
  /// - Parameter stage: the stage of learning. Default: all stages.
  func curve(_ name: String, stage: String? = nil) -> [(x: Int, y: Double?)] {
    let bySteps = countsSteps
    var points: OrderedDictionary<Int, Double?> = [:]
    for record in records where stage == nil || record.stage == stage {
      if let value = record.values[name] { points.updateValue(value, forKey: bySteps ? record.step : record.epoch) }
    }
    return points.map { ($0.key, $0.value) }.sorted { $0.x < $1.x }
  }

  /// True if positions are steps and not epochs.
  var countsSteps: Bool { records.count > 1 && Set(records.map(\.epoch)).count < records.count }
}
