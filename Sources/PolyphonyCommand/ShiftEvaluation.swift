import Foundation
import OrderedCollections
import Polyphony
import Torch

extension EvaluateCommand {
  /// Computes scores under shifts, with the requested adaptation: a row per shift and method, and their means.
  func evaluateShifts(_ place: Device) throws -> [RunResult] {
    let shifts = try shift.shifts(of: try Dataset(data).description.modalities)
    let plot = GroupMembership.isFollower ? nil : shift.plot
    if let plot { try AtomicFile.check(plot) }
    let names = ShiftOptions.names(shift.modality)
    var rows: [RunResult]
    if let methods = ShiftOptions.names(shift.adapt) {
      let sweep = ShiftSweep(
        base: model, adapter: adapter.first, methods: methods, shifts: shifts, modalities: names,
        recipe: try recipe.tree(),
        isOnline: shift.online, seeds: scoredSeeds, device: place)
      rows = try sweep.run(try Dataset(data), split: split) { row, returns in
        let score = row.aggregates.elements.first.map { "\($0.key) \($0.value.formatted())" } ?? ""
        let remark = returns > 0 ? ", \(returns) returns from a collapse" : ""
        Terminal.note("\(row.conditions["shift"] ?? "")  \(row.name)  \(score)\(remark)")
      }
    } else {
      rows = try scores(shifts, names, place)
    }
    if let plot, let chart = ShiftChart.chart(rows) { try AtomicFile.write(chart.svg, to: plot) }
    if shifts.count > 1 { rows += ShiftSweep.means(rows) }
    return rows
  }

  /// The seeds that the user asks for. Otherwise the seeds of the models, if they are a run over seeds.
  private var scoredSeeds: [UInt64] {
    let own = adapter.first.map { SeededFolders($0, .adapter).seeds } ?? []
    let models = own.isEmpty ? SeededFolders(model, .model).seeds : own
    return seeds.isGiven || models.isEmpty ? seeds.all : models
  }

  /// Computes the scores of the unadapted model, with its adapter if there is one.
  private func scores(_ shifts: [Shift], _ modalities: [String]?, _ place: Device) throws -> [RunResult] {
    let rule = try MissingOption.read(missing)
    var rows = shifts.map { shift in
      var row = RunResult(name: adapter.first ?? model, split: split)
      row.conditions["shift"] = shift.description
      if let modalities { row.conditions["modality"] = modalities.joined(separator: ",") }
      if let rule { row.conditions["missing"] = "\(rule)" }
      return row
    }
    for seed in scoredSeeds {
      let start = try SeededFolders.start(model, adapter: adapter.first, seed: seed)
      let read = try ModelWithAdapter(start.model, adapter: start.adapter, device: place)
      let loaded = read.model
      let dataset = try loaded.fitted(try Dataset(data))
      for (index, shift) in shifts.enumerated() {
        rows[index].parameters = loaded.parameterCount
        let labelled = try loaded.completed(
          try dataset.labelled(split, corruptedBy: shift, only: modalities, seed: seed), of: dataset)
        var mask: MissingMask?
        if let rule { mask = try rule.mask(for: labelled.samples, loaded.configuration.inputModalities, seed: seed) }
        try ProcessGroup.current?.agree(toScore: read, on: labelled, masks: mask.map { [$0.hash] } ?? [])
        let evaluation = try loaded.evaluate(
          labelled, device: place, group: .current, prepare: { mask?.apply(to: $0, indices: $1) ?? $0 })
        rows[index].add(seed: seed, evaluation.metrics)
      }
    }
    return rows
  }
}
