import Foundation
import Polyphony

/// An input of a command. No output of the command replaces one of its files.
enum CommandInput {
  case model(String), adapter(String), data(String), file(String)

  /// Protects the input until the program ends.
  func protect() {
    switch self {
    case .model(let path): for folder in SeededFolders(path, .model).folders { InputFiles.protect(folder, .model) }
    case .adapter(let path):
      for folder in SeededFolders(path, .adapter).folders { InputFiles.protect(folder, .adapter) }
    case .data(let path): InputFiles.protect(path, .dataset)
    case .file(let path): InputFiles.protect(path)
    }
  }
}
