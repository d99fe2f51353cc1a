import CTorchInterface
import Foundation

/// The search for the two dynamic libraries: libtorch, and CTorch, our door to it.
enum LibraryLocation {
  #if canImport(Darwin)
    static let suffix = "dylib"
  #else
    static let suffix = "so"
  #endif

  /// The folder with `lib/` inside that holds libtorch: `LIBTORCH` if set, else the nearest `.libtorch/torch`
  /// upwards from this program (where `make setup` puts it).
  static func libtorch() throws(Fault) -> String {
    if let path = ProcessInfo.processInfo.environment["LIBTORCH"], !path.isEmpty {
      guard exists(library("torch_cpu", in: path)) else {
        throw Fault(
          .failure, "libtorch is not where LIBTORCH says", file: path, key: "LIBTORCH",
          found: "no lib/libtorch_cpu.\(suffix)", expected: "a folder with include/ and lib/",
          remedy: "unset LIBTORCH and run «make setup», or point it at PyTorch's «torch» folder")
      }
      return path
    }
    var folder = ownFolder
    while folder.count > 1 {
      let candidate = folder + "/.libtorch/torch"
      if exists(library("torch_cpu", in: candidate)) { return candidate }
      folder = (folder as NSString).deletingLastPathComponent
    }
    throw Fault(
      .failure, "libtorch was not found", file: ownFolder,
      found: "no .libtorch/torch/lib/libtorch_cpu.\(suffix) in this folder or above it",
      remedy: "run «make setup» in Polyphony's folder, or set LIBTORCH to PyTorch's «torch» folder")
  }

  /// The library CTorch: beside this program, or in `../lib`.
  static func door() throws(Fault) -> String {
    let candidates = ["/libCTorch.\(suffix)", "/../lib/libCTorch.\(suffix)"].map { ownFolder + $0 }
    guard let path = candidates.first(where: exists) else {
      throw Fault(
        .failure, "the library CTorch is not beside the program", file: candidates[0],
        remedy: "build the whole package with «make build»")
    }
    return path
  }

  static func library(_ name: String, in libtorch: String) -> String { "\(libtorch)/lib/lib\(name).\(suffix)" }

  /// The version that a libtorch folder declares: PyTorch's wheel in `version.py`, the archive in `build-version`.
  static func declaredVersion(in libtorch: String) -> String? {
    if let text = try? String(contentsOfFile: libtorch + "/build-version", encoding: .utf8) {
      return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    guard let text = try? String(contentsOfFile: libtorch + "/version.py", encoding: .utf8) else { return nil }
    for line in text.split(separator: "\n") where line.hasPrefix("__version__") {
      return line.split(separator: "=").last?.trimmingCharacters(in: CharacterSet(charactersIn: " '\""))
    }
    return nil
  }

  /// The file of the program or library that this code was linked into.
  ///
  /// The system's own record says so: argv[0] has no folder where a shell found the program through `PATH`.
  static let ownPath: String = {
    let path = ctorch_own_path().map { String(cString: $0) } ?? CommandLine.arguments[0]
    return URL(fileURLWithPath: path).resolvingSymlinksInPath().path
  }()

  /// The folder of that file.
  static let ownFolder = (ownPath as NSString).deletingLastPathComponent

  private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
