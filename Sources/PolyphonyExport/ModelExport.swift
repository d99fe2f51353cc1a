import Foundation
import Polyphony

/// A model, with an adapter if there is one, in a form that other programs read.
public struct ModelExport {
  static let graphFile = "model.onnx"
  static let adapterFolder = "adapter"

  private let model: String
  private let adapter: String?
  private let loaded: MultimodalModel

  /// Reads a model and an adapter.
  ///
  /// - Parameters:
  ///   - model: the model's folder.
  ///   - adapter: the folder of an adapter that was made for this model.
  /// - Throws: `Fault` for a folder that is missing or damaged, and for an adapter of another base.
  public init(_ model: String, adapter: String? = nil) throws(Fault) {
    (self.model, self.adapter) = (model, adapter)
    loaded = try ModelWithAdapter(model, adapter: adapter).model
  }

  /// Writes the model into a folder, which replaces an earlier export of the same form as a whole.
  ///
  /// - Returns: The names of the files and folders, sorted.
  /// - Throws: `Fault(.usage)` for a model that has no such form, `Fault(.missingInput)` if the Python package is not
  ///   beside the program, `Fault(.cannotWrite)` for a folder that holds something else. An earlier folder at the path
  ///   stays then.
  @discardableResult
  public func write(_ format: ExportFormat, to path: String) throws(Fault) -> [String] {
    if let name = loaded.configuration.encoders?.keys.min() {
      throw Fault(
        .usage, "a model with a pretrained encoder inside has no other form yet", file: model, key: "encoders.\(name)",
        found: format.rawValue, expected: "a model of features",
        remedy: "convert with --encoder in place of --inside, or use the folder with Polyphony itself")
    }
    let kind = FolderKind.export(format)
    try AtomicFolder.check(path, replacing: kind)
    try checkPlace(path)
    let fill =
      switch format {
      case .pytorch: try withCode(card: nil)
      case .huggingface: try withCode(card: card())
      case .onnx: try graph()
      }
    try makeFolder(path.parentFolder)
    var files: [String] = []
    try AtomicFolder.write(to: path, replacing: kind) { (folder) throws(Fault) in
      try fill(folder)
      files = (try? FileManager.default.contentsOfDirectory(atPath: folder))?.sorted() ?? []
    }
    return files
  }

  /// Refuses an output inside the model or the adapter, whose next writing would lose it.
  private func checkPlace(_ path: String) throws(Fault) {
    let place = Self.resolved(path)
    for input in [model, adapter].compactMap(\.self) where "\(place)/".hasPrefix("\(Self.resolved(input))/") {
      throw Fault(
        .usage, "the output is inside an input of the same command", file: path, key: "--output", found: input,
        expected: "a folder elsewhere", remedy: "name another folder")
    }
  }

  /// The path of a folder without symbolic links, which may not exist yet.
  private static func resolved(_ path: String) -> String {
    let url = URL(fileURLWithPath: path).standardizedFileURL
    return FileManager.default.fileExists(atPath: url.path) || url.path == "/"
      ? url.resolvingSymlinksInPath().path : "\(resolved(url.path.parentFolder))/\(url.lastPathComponent)"
  }
}

// MARK: - The forms

extension ModelExport {
  /// Writes the files of a form into an empty folder.
  private typealias Filling = (_ folder: String) throws(Fault) -> Void

  private func graph() throws(Fault) -> Filling {
    let graph = try ONNXGraph(of: loaded)
    return { (folder) throws(Fault) in
      try graph.write(to: "\(folder)/\(Self.graphFile)")
      try copy(ModelFolder.configurationFile, to: folder)
    }
  }

  private func withCode(card: ModelCard?) throws(Fault) -> Filling {
    let bundle = try PythonBundle(of: try EmbeddedData.pythonPackage())
    try checkForm(bundle)
    return { (folder) throws(Fault) in
      for file in [ModelFolder.configurationFile, ModelFolder.weightsFile] { try copy(file, to: folder) }
      if let adapter { try AtomicFolder.copy(adapter, to: "\(folder)/\(Self.adapterFolder)", replacing: .adapter) }
      try AtomicFile.write(bundle.text, to: "\(folder)/\(PythonBundle.file)")
      if let card { try AtomicFile.write(card.text, to: "\(folder)/\(ModelCard.file)") }
    }
  }

  private func card() throws(Fault) -> ModelCard {
    let method = try adapter.map { (path) throws(Fault) in try AdapterFolder.description(of: path).method }
    return ModelCard(
      loaded.configuration, method: method, figures: RunFigures(of: adapter ?? model, method: method))
  }

  private func copy(_ file: String, to folder: String) throws(Fault) {
    do {
      try FileManager.default.copyItem(atPath: "\(model)/\(file)", toPath: "\(folder)/\(file)")
    } catch {
      throw Fault(
        .cannotWrite, "a file of the model cannot be copied", file: "\(model)/\(file)", found: describe(error),
        expected: "a copy in \(folder)")
    }
  }

  /// Refuses a model with parts of somebody's own, which the Python package does not know.
  private func checkForm(_ bundle: PythonBundle) throws(Fault) {
    let configuration = loaded.configuration
    var names = [("architecture", configuration.architecture, model)]
    for modality in configuration.modalities { names.append(("kind of modality", modality.kind.rawValue, model)) }
    var lowest = adapter
    while let path = lowest {
      let description = try AdapterFolder.description(of: path)
      names.append(("method", description.method, path))
      lowest = description.beneath?.path
    }
    for (part, name, file) in names where !bundle.quotes(name) {
      throw Fault(
        .usage, "this \(part) has no form in PyTorch code", file: file, key: part, found: name,
        expected: "a part that comes with Polyphony", remedy: "use the folder with Polyphony itself")
    }
  }
}
