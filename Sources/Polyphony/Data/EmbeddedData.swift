import Foundation
import Torch

/// The data that comes with the library.
public enum EmbeddedData {
  /// The folder of the UCI Multiple Features set: 2,000 handwritten numerals seen in six ways.
  /// - Throws: `Fault(.missingInput)` where it is not above the program.
  public static func numerals() throws(Fault) -> String {
    var folder = URL(fileURLWithPath: Libtorch.programFolder)
    while folder.pathComponents.count > 1 {
      let candidate = folder.appendingPathComponent("Data/numerals").path
      if FileManager.default.fileExists(atPath: candidate + "/dataset.json") { return candidate }
      folder.deleteLastPathComponent()
    }
    throw Fault(
      .missingInput, "the numerals are not beside the program", file: Libtorch.programFolder,
      expected: "Data/numerals in this folder or above it", remedy: "name them with --data")
  }
}
