import ArgumentParser
import Foundation
import Polyphony
import Torch

/// The command `polyphony evaluate`.
struct EvaluateCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Score a model, with an adapter if there is one, on a split of a data set folder.",
    discussion: """
      One model of classification with one seed also gets its confusion matrix and a table by class: support, precision, \
      recall and F1. A figure is undefined where nothing is to be divided by. With --json the row has them under \
      confusion and per_class. Several targets or labels get a table with a row for each, per_target or per_label in \
      --json. Every row without a sweep has the bins of its reliability diagram and its worst answers by seed under \
      answers.

      Where --model or --adapter names the output of a run over several seeds (seed-0, seed-1, …), every seed is scored, \
      and the table has means and deviations. Several --adapter are compared side by side, all on the same masks; the \
      adapter none is the model itself.

      Example: polyphony evaluate --model runs/base --adapter none --adapter runs/tuned/prompts --data Data/numerals \
      --missing sample:0...0.9 --output runs/missing

      Under «polyphony launch» or torchrun, processes share the batches. The first one prints and writes, with the bits of \
      one process.

      --shift corrupts the inputs before they are scored; with --adapt it compares methods of test-time adaptation, which \
      see the corrupted split without its targets.

      Example: polyphony evaluate --model runs/base/model --data Data/numerals --shift noise,drop:5 --adapt source,casp
      """)

  @Option(help: ArgumentHelp("The model folder.", valueName: "folder"), completion: .directory)
  var model: String

  @Option(
    help: ArgumentHelp(
      "An adapter folder for that model, or NAME=FOLDER to call it so; may be repeated.", valueName: "folder"),
    completion: .directory)
  var adapter: [String] = []

  @Option(help: ArgumentHelp("The data set folder.", valueName: "folder"), completion: .directory)
  var data: String

  @Option(help: ArgumentHelp("The split to score.", valueName: "name"), completion: Completions.splits)
  var split = "test"

  @Option(help: MissingOption.sweepHelp, completion: MissingOption.sweepCompletion)
  var missing: String?

  @Option(
    help: ArgumentHelp("The metric of a sweep's table and plot; the task's own without this.", valueName: "name"),
    completion: Completions.metrics)
  var metric: String?

  @Flag(help: "Also scores each modality alone, each left out, its Shapley value, and a linear probe of its encoder.")
  var perModality = false

  @Option(
    help: ArgumentHelp(
      "Where results.json, the masks of missing data and a sweep's plot go; nothing is written without this.",
      valueName: "folder"), completion: .directory)
  var output: String?

  @OptionGroup var shift: ShiftOptions
  @OptionGroup var seeds: SeedOptions
  @OptionGroup var recipe: RecipeOptions
  @OptionGroup var checks: CheckOptions
  @OptionGroup var device: DeviceOptions

  @Flag(help: "Prints the results as one JSON document.")
  var json = false

  func validate() throws {
    if shift.shift != nil, perModality { throw ValidationError("Give --shift or --per-modality, not both.") }
    if shift.shift != nil, adapter.count > 1 || metric != nil {
      throw ValidationError("--shift takes one --adapter, and has no --metric.")
    }
    if shift.adapt != nil, missing != nil {
      throw ValidationError("--adapt adapts to all of the split: give it without --missing.")
    }
    if shift.adapt == nil, recipe.recipe != nil || !recipe.overrides.isEmpty {
      throw ValidationError("--recipe and --set say how --adapt adapts, and need it.")
    }
    if shift.shift == nil, seeds.seed != nil || seeds.seeds != nil {
      throw ValidationError("--seed and --seeds say how --shift corrupts, and need it.")
    }
  }

  var checksAnew: Bool { checks.verify }

  var streamOption: String? { shift.online ? "--online" : nil }

  var inputs: [CommandInput] {
    [.model(model), .data(data)] + adapter.map { .adapter($0.split(separator: "=").last.map(String.init) ?? $0) }
  }

  func execute() throws {
    let place = try device.prepare()
    // Of a group of processes, the first one alone has the output folder.
    let output = GroupMembership.isFollower ? nil : self.output
    if let output {
      let environment = RunEnvironment(data: [data], device: place)
      try EarlierResults(in: output, command: "evaluate", environment).checkEvaluation()
    }
    guard shift.shift == nil else {
      let printer = ResultsOutput(command: "evaluate", asJSON: json)
      // An unusable folder must be an error before the work, not after it.
      let folder = try output.map { try RunFolder($0, existing: .resume) }
      defer { withExtendedLifetime(folder) {} }
      let results = try evaluateShifts(place)
      if GroupMembership.isFollower { return }
      if let output { try printer.write(results, to: output, data: [data], device: place) }
      return try printer.print(results)
    }
    let plan = try missing.map { try MissingPlan($0) }
    var run = EvaluationRun(
      EvaluationRun.Candidate.named(model: model, adapters: adapter), data: data, split: split, missing: plan,
      device: place)
    // Predictions alone are shared, and one process measures what only it writes.
    run.measuresModalities = perModality && !GroupMembership.isFollower
    var report = try run.run()
    if let metric {
      guard report.metrics.contains(metric) else {
        throw Fault(
          .usage, "the task has no such metric", key: "--metric", found: metric,
          expected: report.metrics.joined(separator: ", "),
          remedy: Suggestion.question(for: metric, among: report.metrics))
      }
      report.metric = metric
    }
    if GroupMembership.isFollower { return }
    let printer = ResultsOutput(command: "evaluate", asJSON: json)
    let results = report.results
    if let output {
      let environment = RunEnvironment(data: [data], device: place)
      try report.write(to: output, results: printer.document(results).text(), environment)
    }
    guard report.isSweep, !json else { return try printer.print(results) }
    try StandardOutput.print(report.table.forTerminal())
    try StandardOutput.print(report.chart.text(Terminal.glyphs))
  }
}
