import ArgumentParser
import Polyphony
import PolyphonyReports
import Torch

/// The command `polyphony compare`.
struct CompareCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare methods, each a list of stages, over seeds and data sets.",
    discussion: """
      The recipe is one of `run` with `methods` in place of `stages`: a list of stages under each method's name, the first \
      being the one that the others are compared with. `data` may be a path, a list of paths, or paths under names. Methods \
      that begin alike share their stages. OUTPUT/results.json has a row for each data set, method and condition, \
      OUTPUT/comparison.json the folders of all stages; OUTPUT/report.html tells what was found, and table.csv, \
      table.md and table.tex are there to be pasted into a paper. With --processes, several methods and seeds are \
      computed at the same time.

      Example: polyphony compare methods.yaml --output runs/comparison
      """)

  @Argument(
    help: ArgumentHelp("The recipe in YAML, with `data` and `methods`."),
    completion: .file(extensions: ["yaml", "yml"])
  )
  var recipe: String

  @OptionGroup var options: PipelineOptions

  func execute() throws {
    if let worker = CellWorker.current { return try worker.work(on: options.part(in: recipe, .comparison)) }
    var (pipeline, printer) = try options.prepare(recipe, .comparison, command: "compare")
    try pipeline.index().write(to: options.output)
    try options.share(&pipeline, recipe)
    try options.finish(try pipeline.run(), of: pipeline, printer)
    let report = try Report.leave(in: options.output)
    if !options.json, let contrasts = report.contrasts { try ResultsOutput.print(contrasts) }
    Terminal.note("the report is \(report.standardFile)")
  }
}
