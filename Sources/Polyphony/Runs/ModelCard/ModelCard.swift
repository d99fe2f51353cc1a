import Foundation
import OrderedCollections
import Torch

/// A model card in the form of the Hugging Face Hub: Markdown below a header in YAML.
///
/// The header has `library_name`, `tags`, `datasets`, `metrics` and `model-index`, which lists the figures of the run. The
/// YAML writer quotes every text that needs it, so no name of a data set or class can become a key.
package struct ModelCard {
  /// The name of the file.
  package static let file = "README.md"
  /// The beginning of every card. It tells a card from a file of somebody else.
  package static let opening = "---\nlibrary_name: polyphony\n"

  private let configuration: ModelConfiguration
  private let method: String?
  private let figures: RunFigures?

  /// Describes a model.
  ///
  /// - Parameters:
  ///   - configuration: the model's configuration.
  ///   - method: the method of its adapter. Nil without an adapter.
  ///   - figures: the scores of its run. Nil if they are not known.
  package init(_ configuration: ModelConfiguration, method: String?, figures: RunFigures?) {
    (self.configuration, self.method, self.figures) = (configuration, method, figures)
  }

  /// Describes the model that a run has left, or the base of its adapter with the adapter's method.
  /// - Throws: The errors of reading the descriptions in the folders.
  init(of run: RunFolder, figures: RunFigures) throws(Fault) {
    guard FileManager.default.fileExists(atPath: run.adapter) else {
      self.init(try ModelFolder.configuration(of: run.model), method: nil, figures: figures)
      return
    }
    let adapter = try AdapterFolder.description(of: run.adapter)
    self.init(try ModelFolder.configuration(of: adapter.base), method: adapter.method, figures: figures)
  }

  /// The content of the file.
  package var text: String { "---\n\(header.yaml())---\n\n\(body)" }

  private var title: String { method.map { "\(configuration.architecture) with \($0)" } ?? configuration.architecture }

  private var datasets: [String] { figures?.environment?.data.map(\.name) ?? [] }
}

// MARK: - The header

extension ModelCard {
  private var header: SettingsTree {
    var members: OrderedDictionary<String, SettingsTree> = [
      "library_name": .text("polyphony"),
      "tags": .list(
        (["polyphony", "multimodal", configuration.architecture] + (method.map { [$0] } ?? [])
          + configuration.modalities.map(\.name) + [configuration.task.kind.rawValue]).unique.map { .text($0) }),
    ]
    if !datasets.isEmpty { members["datasets"] = .list(datasets.unique.map { .text($0) }) }
    let results = (figures?.rows ?? []).compactMap(result)
    if !results.isEmpty {
      let names = figures?.rows.flatMap { Array($0.metrics.keys) } ?? []
      members["metrics"] = .list(names.unique.map { .text($0) })
      members["model-index"] = .list([.map(["name": .text(title), "results": .list(results)])])
    }
    return .map(members)
  }

  /// An entry of the index. Nil for a row without scores, and without the name of a data set, which the form needs.
  private func result(_ row: ResultsDocument.Row) -> SettingsTree? {
    guard let figures, let data = datasets.first else { return nil }
    let metrics = figures.scores(of: row).map { name, value in
      SettingsTree.map(["type": .text(name), "name": .text(name), "value": .number(value)])
    }
    guard !metrics.isEmpty else { return nil }
    let kind = configuration.task.kind
    let condition = figures.condition(of: row)
    var set: OrderedDictionary<String, SettingsTree> = ["name": .text(data), "type": .text(data)]
    if !condition.isEmpty { set["config"] = .text(condition) }
    if let split = row.split { set["split"] = .text(split) }
    return .map([
      "task": .map([
        "type": .text(kind == .segmentation ? "image-segmentation" : "other"),
        "name": .text(configuration.task.summary),
      ]),
      "dataset": .map(set), "metrics": .list(metrics),
    ])
  }
}

// MARK: - The text

extension ModelCard {
  private var body: String {
    let parts =
      ["# \(Markdown.escaped(title))", opening, inputs.markdown(), usage] + (figures.map { [scores($0)] } ?? [])
    return parts.map { $0.trimmingSuffix(while: \.isNewline) }.joined(separator: "\n\n") + "\n"
  }

  private var opening: String {
    let data =
      datasets.isEmpty ? "" : " Its training data is \(Markdown.escaped(datasets.unique.joined(separator: ", ")))."
    let adapter =
      method.map { " The adapter in `adapter/` was made by the method `\($0)`, and the base model is unchanged." } ?? ""
    return "A multimodal model for \(configuration.task.summary), made with Polyphony.\(data)\(adapter)"
  }

  private var inputs: TextTable {
    var table = TextTable([.init("input"), .init("kind"), .init("shape of a sample")])
    for modality in configuration.modalities {
      table.append([
        modality.name, modality.kind.rawValue, modality.sampleShape.map(String.init).joined(separator: " × "),
      ])
    }
    return table
  }

  private var usage: String {
    """
    ## Use

    The code in `modeling_polyphony.py` needs PyTorch alone. A modality that the model or its adapter can do without may be
    left out.

    ```python
    from modeling_polyphony import load

    model = load(".")
    output = model({"name of an input": ...})  # tensors by the names above, with a first axis of samples
    print(output.prediction)
    ```
    """
  }

  private func scores(_ figures: RunFigures) -> String {
    let names = figures.rows.flatMap { Array($0.metrics.keys) }.unique
    var table = TextTable([.init("split"), .init("condition")] + names.map { .init($0, .right) })
    for row in figures.rows {
      let values = Dictionary(uniqueKeysWithValues: figures.scores(of: row).map { ($0.name, $0.value) })
      table.append(
        [row.split ?? "", figures.condition(of: row)]
          + names.map { Aggregate([values[$0]]).formatted() })
    }
    return "## Figures\n\n" + table.markdown()
  }
}

extension SettingsTree {
  fileprivate static func text(_ text: String) -> SettingsTree { .init(.scalar(.init(text, isPlain: false))) }
  fileprivate static func number(_ value: Double) -> SettingsTree { .init(.scalar(.init(value))) }
  fileprivate static func list(_ elements: [SettingsTree]) -> SettingsTree { .init(.list(elements)) }
  fileprivate static func map(_ members: OrderedDictionary<String, SettingsTree>) -> SettingsTree {
    .init(.map(members))
  }
}

extension [String] {
  fileprivate var unique: [String] { Array(OrderedSet(self)) }
}
