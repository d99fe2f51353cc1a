import Torch

extension MethodGrid {
  /// Begins a run on the tracking server, if the environment names one.
  ///
  /// The parameters are the method, the seed and the resolved recipe. The keys of the recipe are joined by points.
  func track(_ prepared: Kind.Prepared, _ method: String, _ seed: UInt64, _ folder: RunFolder) -> TrackedRun? {
    guard let tracker else { return nil }
    let settings = prepared.recipe(for: method).json.leaves.map { leaf -> (String, String) in
      let text = if case .string(let text) = leaf.value { text } else { leaf.value.text(.line) }
      return (leaf.path.joined(separator: "."), text)
    }
    let isSingle = prepared.methods.count == 1 && seeds.count == 1
    var name = "\(method), seed \(seed)"
    if let given = tracker.runName { name = isSingle ? given : "\(given), \(name)" }
    return tracker.begin(
      name, parameters: [("method", method), ("seed", "\(seed)")] + settings,
      tags: [
        ("mlflow.source.name", "polyphony \(earlier?.command ?? "")".trimmingSuffix(while: { $0 == " " }).description),
        ("mlflow.source.type", "LOCAL"), ("polyphony.version", Polyphony.version), ("polyphony.output", folder.path),
      ])
  }

  /// The texts that a finished run leaves on the tracking server: its results, its recipe and a model card.
  func record(
    _ prepared: Kind.Prepared, _ method: String, _ seed: UInt64, _ score: RunScore, _ folder: RunFolder
  ) -> [(name: String, text: String)] {
    var row = prepared.row(for: method)
    row.output = folder.path
    row.add(seed: seed, score.metrics, answers: score.answers)
    (row.parameters, row.cost) = (score.parameters, score.cost)
    let results = ResultsDocument(
      command: earlier?.command ?? "run", version: Polyphony.version, results: [ResultsDocument.Row(row)])
    let files = [("results.json", results.text()), ("recipe.yaml", prepared.recipe(for: method).yaml())]
    let figures = RunFigures(rows: results.results, environment: earlier?.environment)
    guard let card = try? ModelCard(of: folder, figures: figures) else { return files }
    return files + [(ModelCard.file, card.text)]
  }
}
