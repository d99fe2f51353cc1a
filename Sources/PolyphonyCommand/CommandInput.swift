import Foundation
import Polyphony

/// An input of a command. No output of the command replaces one of its files.
enum CommandInput {
  case model(String), adapter(String), data(String), file(String)

  /// Protects the input until the program ends, and says what cannot be checked about it.
  func protect() {
    switch self {
    case .model(let path): for folder in SeededFolders(path, .model).folders { InputFiles.protect(folder, .model) }
    case .adapter(let path):
      for folder in SeededFolders(path, .adapter).folders {
        InputFiles.protect(folder, .adapter)
        if let description = try? AdapterFolder.description(of: folder), description.fingerprint == nil {
          Terminal.note("note: \(folder) does not say on which base it was trained, so only shapes are compared")
        }
      }
    case .data(let path): InputFiles.protect(path, .dataset)
    case .file(let path): InputFiles.protect(path)
    }
  }
}
