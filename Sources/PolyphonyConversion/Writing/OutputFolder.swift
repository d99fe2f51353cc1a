import Foundation
import Polyphony

/// The check that replacing an output folder would lose nothing.
enum OutputFolder {
  /// Refuses a folder with anything but a data set in it, such as the input file.
  /// - Throws: `Fault(.cannotWrite)` with the names of the other files.
  static func check(_ path: String) throws(Fault) {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let foreign = entries.sorted().filter { entry in
      !["dataset.json", "ids.json"].contains(entry) && !entry.hasSuffix(".safetensors")
    }
    guard foreign.isEmpty else {
      throw Fault(
        .cannotWrite, "the output folder holds something else than a data set, which would be lost", file: path,
        found: foreign.prefix(4).joined(separator: ", "), expected: "a new folder, or a data set to replace",
        remedy: "name another folder")
    }
  }
}
