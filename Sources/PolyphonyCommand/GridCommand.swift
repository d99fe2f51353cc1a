import Polyphony
import Torch

/// The common course of `train`, `tune` and `adapt`: it runs the grid, writes its results and prints them.
struct GridCommand {
  /// The command's name.
  let name: String
  /// The folder that each run leaves, `model` or `adapter`.
  let product: String
  /// The output folder.
  let output: String
  /// The data set's folder.
  let data: String
  /// The model that the runs start from, if there is one.
  var base: String?
  let seeds: [UInt64]
  let existing: RunFolder.Existing
  let device: Device
  let asJSON: Bool

  /// Runs all methods with all seeds.
  ///
  /// - Parameters:
  ///   - life: the life to run.
  ///   - beforeResults: runs once all runs are done, before the results are written.
  ///   - observers: makes the observers of a run from its name among several, and the counter of all runs.
  func run<Kind: Life>(
    _ life: Kind, beforeResults: () throws -> Void = {},
    observers:
      @escaping (_ name: String, _ counter: RunCounter, _ folder: RunFolder) throws(Fault) -> [Kind.Prepared
      .Observer]
  ) throws {
    let prepared = try life.prepare(seeds: seeds)
    if GroupMembership.isFollower { return try follow(prepared) }
    let counter = RunCounter(methods: prepared.methods.count, seeds: seeds.count)
    var grid = MethodGrid(life, output: output, seeds: seeds, existing: existing) {
      (name, folder) throws(Fault) in try observers(counter.begin(name), counter, folder)
    }
    let earlier = EarlierResults(in: output, command: name, RunEnvironment(data: [data], device: device))
    grid.earlier = earlier
    if let heading = counter.heading { Terminal.note(heading) }
    let outcome = try grid.run(prepared)
    try StoppedRun.check(outcome.wasStopped)
    for remark in outcome.remarks { Terminal.note(remark) }
    try beforeResults()
    let printer = ResultsOutput(command: name, asJSON: asJSON)
    try printer.write(outcome.results, beside: earlier)
    try printer.print(outcome.results)
    guard !asJSON else { return }
    Ending(output: output, product: product, methods: prepared.methods, seeds: seeds, base: base, data: data)
      .print(outcome.scores, split: outcome.results.first?.split)
  }

  /// Computes the same runs in memory, for the process of a group that scores and writes them.
  private func follow(_ prepared: some PreparedLife) throws {
    for method in prepared.methods {
      for seed in seeds {
        let product = try prepared.run(method, seed: seed, folder: nil, resume: existing == .resume, observers: [])
        try StoppedRun.check(product.wasStopped)
      }
    }
  }
}
