import Foundation
import Polyphony

extension FolderKind {
  /// The folder that an export of a form leaves.
  static func export(_ format: ExportFormat) -> FolderKind {
    switch format {
    case .pytorch: folder("a model exported to PyTorch", [])
    case .huggingface: folder("a model exported for the Hugging Face Hub", [ModelCard.file])
    case .onnx:
      FolderKind("a model exported to ONNX", mark: ModelExport.graphFile) { folder in
        // The name of the program stands at the beginning of a graph.
        begins("\(folder)/\(ModelExport.graphFile)", with: "polyphony", within: 64) ? [ModelFolder.configurationFile] : nil
      }
    }
  }

  private static func folder(_ name: String, _ further: Set<String>) -> FolderKind {
    FolderKind(name, mark: PythonBundle.file) { folder in
      begins("\(folder)/\(PythonBundle.file)", with: PythonBundle.opening, within: PythonBundle.opening.utf8.count)
        ? further.union([ModelFolder.configurationFile, ModelFolder.weightsFile, ModelExport.adapterFolder]) : nil
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
