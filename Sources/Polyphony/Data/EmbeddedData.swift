import Foundation
import Torch

/// The files that come with the library.
public enum EmbeddedData {
  /// The folder of the UCI Multiple Features set, 2,000 handwritten numerals in six views.
  /// - Throws: `Fault(.missingInput)` if neither the program's folder nor one above it holds the set.
  public static func numerals() throws(Fault) -> String {
    guard let data = find("Data/numerals/dataset.json") else {
      throw Fault(
        .missingInput, "the numerals are not beside the program", file: Libtorch.programFolder,
        expected: "Data/numerals in this folder or above it", remedy: "name them with --data")
    }
    return data.parentFolder
  }

  /// The recipe of the demo.
  /// - Throws: `Fault(.missingInput)` if neither the program's folder nor one above it holds the recipe.
  public static func demo() throws(Fault) -> String {
    guard let recipe = find("Recipes/demo.yaml") else {
      throw Fault(
        .missingInput, "the demo's recipe is not beside the program", file: Libtorch.programFolder,
        expected: "Recipes/demo.yaml in this folder or above it", remedy: "run the program where it was built")
    }
    return recipe
  }

  /// The folder of the Python package, which has the modelling code in PyTorch.
  ///
  /// The package stands in `python`, or around the program as in a wheel.
  /// - Throws: `Fault(.missingInput)` if neither the program's folder nor one above it holds the package.
  public static func pythonPackage() throws(Fault) -> String {
    guard let module = find("python/polyphony/folders.py", "polyphony/folders.py") else {
      throw Fault(
        .missingInput, "the Python package is not beside the program", file: Libtorch.programFolder,
        expected: "python/polyphony in this folder or above it",
        remedy: "run the program where it was built or installed")
    }
    return module.parentFolder
  }

  /// The first of some files in the program's folder or the nearest folder above it.
  private static func find(_ names: String...) -> String? {
    var folder = URL(fileURLWithPath: Libtorch.programFolder)
    while folder.pathComponents.count > 1 {
      for name in names {
        let candidate = folder.appendingPathComponent(name).path
        if FileManager.default.fileExists(atPath: candidate) { return candidate }
      }
      folder.deleteLastPathComponent()
    }
    return nil
  }
}
