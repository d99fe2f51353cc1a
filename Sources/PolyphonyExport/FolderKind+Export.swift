import Foundation
import Polyphony

extension FolderKind {
  /// The folder that an export of a form leaves.
  static func export(_ format: ExportFormat) -> FolderKind {
    switch format {
    case .pytorch, .huggingface:
      FolderKind("an exported model", mark: PythonBundle.file) { folder in
        guard begins("\(folder)/\(PythonBundle.file)", with: PythonBundle.opening, within: 64) else { return nil }
        let files: Set = [ModelFolder.configurationFile, ModelFolder.weightsFile, ModelExport.adapterFolder]
        // A README of somebody else stays, or is in the way of a model card.
        return begins("\(folder)/\(ModelCard.file)", with: ModelCard.opening, within: 64)
          ? files.union([ModelCard.file]) : files
      }
    case .onnx:
      FolderKind("a model exported to ONNX", mark: ModelExport.graphFile) { folder in
        // The name of the program stands at the beginning of a graph.
        begins("\(folder)/\(ModelExport.graphFile)", with: "polyphony", within: 64)
          ? [ModelFolder.configurationFile] : nil
      }
    }
  }

  /// True if the first bytes of a file have a text.
  private static func begins(_ file: String, with text: String, within count: Int) -> Bool {
    guard let handle = FileHandle(forReadingAtPath: file), let data = try? handle.read(upToCount: count) else {
      return false
    }
    return data.range(of: Data(text.utf8)) != nil
  }
}
