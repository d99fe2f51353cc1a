/// The score of one run of a transfer on disk, with its answers. A resumed transfer reports the same as an undisturbed
/// one.
enum TransferScores {
  /// The name of the score that chooses the learning rate, in the file.
  static let validation = "validation"

  /// Writes a score, and the hash of its file.
  /// - Throws: `Fault(.cannotWrite)`.
  static func write(_ score: RunScore, of method: String, seed: UInt64, to file: String) throws(Fault) {
    var row = RunResult(name: method, split: "test")
    row.parameters = score.parameters
    row.conditions[validation] = score.validation.map { "\($0)" }
    row.add(seed: seed, score.metrics, answers: score.answers)
    try PipelineScores.write([row], to: file)
  }

  /// The score of a file. Nil for a missing or damaged file, and for one without its hash, so that the run is repeated.
  static func read(_ file: String, seed: UInt64) -> RunScore? {
    guard let row = PipelineScores.read(file, split: "test", seed: seed)?.first, let parameters = row.parameters else {
      return nil
    }
    var score = RunScore(parameters: parameters)
    score.metrics = row.values[0]
    score.answers = row.answers[seed]
    score.validation = row.conditions[validation].flatMap(Double.init)
    return score
  }
}
