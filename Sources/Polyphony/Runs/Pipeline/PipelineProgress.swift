import Foundation

/// The finished stages and scores of a pipeline that several processes compute, as its files tell.
package struct PipelineProgress {
  /// Counts of one kind of files.
  package struct Count: Equatable, Sendable {
    /// The number of finished ones.
    package var done: Int
    /// The number of all.
    package let all: Int
  }

  /// The number of cells that lacked a stage or their scores at the beginning.
  package let openCells: Int
  /// A hash of the names of all folders and files. Workers compare it with their own (``Pipeline/fingerprint()``).
  package let fingerprint: String
  /// The stages. Cells share some of them.
  package private(set) var stages: Count
  /// The models to score.
  package private(set) var models: Count
  private let start = Date()
  private var openStages: Set<String> = []
  private var openModels: Set<String> = []

  /// Looks for what is finished already. This reads and checks the products of finished stages.
  package init(_ pipeline: Pipeline) throws(Fault) {
    let cells = try pipeline.cells()
    var known: [String: Bool] = [:]
    var scored: [String: Bool] = [:]
    var open = 0
    for cell in cells {
      for place in cell.places where known[place.path] == nil { known[place.path] = place.record() != nil }
      if scored[cell.scores] == nil { scored[cell.scores] = cell.knownScores() != nil }
      let isFinished = cell.places.allSatisfy { known[$0.path] == true } && scored[cell.scores] == true
      if !isFinished { open += 1 }
    }
    openCells = open
    fingerprint = Pipeline.fingerprint(of: cells)
    openStages = Set(known.filter { !$0.value }.keys)
    openModels = Set(scored.filter { !$0.value }.keys)
    stages = Count(done: known.count - openStages.count, all: known.count)
    models = Count(done: scored.count - openModels.count, all: scored.count)
  }

  /// Looks again, and returns true if more is finished than before. This reads no file.
  package mutating func look() -> Bool {
    let (stagesBefore, modelsBefore) = (stages.done, models.done)
    openStages = openStages.filter { !isNew("\($0)/\(StageRecord.file)") }
    openModels = openModels.filter { !isNew(PipelineScores.mark(of: $0)) }
    stages.done = stages.all - openStages.count
    models.done = models.all - openModels.count
    return (stagesBefore, modelsBefore) != (stages.done, models.done)
  }

  /// True for a file that was written since the beginning. An older one is that of a damaged stage.
  private func isNew(_ file: String) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: file)
    return (attributes?[.modificationDate] as? Date).map { $0 >= start } ?? false
  }
}
