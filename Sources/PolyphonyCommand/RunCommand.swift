import ArgumentParser
import Foundation
import Polyphony
import Torch

/// The command `polyphony run`.
struct RunCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a recipe of several stages: train, tune and adapt one model, then score it.",
    discussion: """
      Every stage lies in OUTPUT/stages, in a folder named by the hash of its settings, seed and data and of what it starts \
      from. A finished stage is not done again, a killed one goes on: the same command again ends with the same bits, and \
      a changed setting costs the stages from there on. OUTPUT/model and OUTPUT/adapter (over several seeds \
      OUTPUT/seed-0/model, …) are what comes of it, for evaluate and predict. With --processes, several seeds are computed \
      at the same time.

      Example: polyphony run Recipes/four-lives.yaml --output runs/four-lives
      """)

  @Argument(
    help: ArgumentHelp("The recipe in YAML, with `data`, `stages` and, where wanted, `seeds` and `evaluate`."),
    completion: .file(extensions: ["yaml", "yml"]))
  var recipe: String

  @OptionGroup var options: PipelineOptions

  func execute() throws {
    if let worker = CellWorker.current { return try worker.work(on: options.part(in: recipe, .single)) }
    var (pipeline, printer) = try options.prepare(recipe, .single, command: "run")
    try options.share(&pipeline, recipe)
    let seeds = pipeline.recipe.seeds
    let report = try pipeline.run { (seed, model, adapter) throws(Fault) in
      let place = seeds.count == 1 ? options.output : "\(options.output)/seed-\(seed)"
      _ = try RunFolder(place, existing: .resume)
      if pipeline.recipe.model == nil { try AtomicFolder.copy(model, to: "\(place)/model", replacing: .model) }
      if let adapter { try AtomicFolder.copy(adapter, to: "\(place)/adapter", replacing: .adapter) }
    }
    try options.finish(report, of: pipeline, printer)
  }
}
