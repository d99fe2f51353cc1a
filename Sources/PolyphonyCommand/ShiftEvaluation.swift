import Foundation
import OrderedCollections
import Polyphony
import Torch

extension EvaluateCommand {
  /// Computes scores under shifts, with the requested adaptation: a row per shift and method, and their means.
  func evaluateShifts(_ place: Device) throws -> [RunResult] {
    let shifts = try shift.shifts()
    let names = ShiftOptions.names(shift.modality)
    var rows: [RunResult]
    if let methods = ShiftOptions.names(shift.adapt) {
      let sweep = ShiftSweep(
        base: model, adapter: adapter.first, methods: methods, shifts: shifts, modalities: names,
        recipe: try recipe.tree(),
        isOnline: shift.online, seeds: seeds.all, device: place)
      rows = try sweep.run(try Dataset(data), split: split) { row, returns in
        let score = row.aggregates.elements.first.map { "\($0.key) \($0.value.formatted())" } ?? ""
        let remark = returns > 0 ? ", \(returns) returns from a collapse" : ""
        Terminal.note("\(row.conditions["shift"] ?? "")  \(row.name)  \(score)\(remark)")
      }
    } else {
      rows = try scores(shifts, names, place)
    }
    if let plot = shift.plot, let chart = ShiftChart.chart(rows) { try AtomicFile.write(chart.svg, to: plot) }
    if shifts.count > 1 { rows += ShiftSweep.means(rows) }
    return rows
  }

  /// Computes the scores of the unadapted model, with its adapter if there is one.
  private func scores(_ shifts: [Shift], _ modalities: [String]?, _ place: Device) throws -> [RunResult] {
    let loaded = try ModelWithAdapter(model, adapter: adapter.first, device: place).model
    let dataset = try Dataset(data).fitted(to: loaded.configuration)
    return try shifts.map { shift in
      var row = RunResult(name: adapter.first ?? model, split: split)
      row.conditions["shift"] = shift.description
      if let modalities { row.conditions["modality"] = modalities.joined(separator: ",") }
      row.parameters = loaded.parameterCount
      let rule = try MissingOption.read(missing)
      if let rule { row.conditions["missing"] = "\(rule)" }
      for seed in seeds.all {
        let labelled = try dataset.labelled(split, corruptedBy: shift, only: modalities, seed: seed)
        try labelled.samples.checkPresence(
          loaded.configuration.modalities, file: data, modelHandlesMissing: loaded.handlesMissingModalities)
        var mask: MissingMask?
        if let rule { mask = try rule.mask(for: labelled.samples, loaded.configuration.modalities, seed: seed) }
        let evaluation = try loaded.evaluate(
          labelled, device: place, prepare: { mask?.apply(to: $0, indices: $1) ?? $0 })
        row.add(seed: seed, evaluation.metrics)
      }
      return row
    }
  }
}
