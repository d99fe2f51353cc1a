import Foundation
import Polyphony

/// The folder of `polyphony start`: a recipe, the converted data set, and later the run.
struct StartFolder {
  /// The first line of a recipe that the command wrote.
  private static let mark = "# Written by `polyphony start`."

  let path: String
  var name: String { Self.name(of: path) }
  var data: String { "\(path)/data" }
  var recipe: String { "\(path)/recipe.yaml" }
  var run: String { "\(path)/run" }
  /// The folders that ``prepare(overwrite:)`` made, the innermost first.
  private var made: [String] = []

  /// Names the folder: the given one, or one below `runs` with the name of the file.
  init(_ output: String?, for file: String) {
    var path = (output ?? "runs/\(Self.name(of: file))")[...]
    while path.count > 1, path.hasSuffix("/") { path = path.dropLast() }
    self.path = String(path)
  }

  /// The name of a file without folders, ending and the `NAME=` of an input.
  private static func name(of file: String) -> String {
    let isPath = FileManager.default.fileExists(atPath: file)
    let path = isPath ? file : file.split(separator: "=", maxSplits: 1).last.map(String.init) ?? file
    let last = path.split(separator: "/").last.map(String.init) ?? path
    let stem = last.prefix { $0 != "." }
    return stem.isEmpty ? last : String(stem)
  }

  /// Makes the folder, and refuses one whose content would be lost.
  /// - Parameter overwrite: true if a recipe and a data set of this command may be replaced.
  /// - Throws: `Fault(.cannotWrite)` with the reason.
  mutating func prepare(overwrite: Bool) throws(Fault) {
    let files = FileManager.default
    var place = path
    while !files.fileExists(atPath: place) {
      made.append(place)
      place = place.parentFolder
    }
    try makeFolder(path)
    let entries = ((try? files.contentsOfDirectory(atPath: path)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    let first = files.contents(atPath: recipe).map { String(decoding: $0.prefix(200), as: UTF8.self) }
    let isOurs = first?.hasPrefix(Self.mark) ?? !files.fileExists(atPath: recipe)
    guard entries.isEmpty || overwrite && isOurs else {
      throw Fault(
        .cannotWrite, isOurs ? "the output folder is not empty" : "the output folder holds a recipe of your own",
        file: path, found: entries.prefix(4).joined(separator: ", "), expected: "a new or empty folder",
        remedy: isOurs && first != nil
          ? "replace recipe and data with --overwrite, or name another folder with --output"
          : "name another folder with --output")
    }
  }

  /// Removes the folders that the command made, as far as they are empty.
  func removeIfEmpty() {
    // The system refuses to remove a folder with content.
    for place in made { rmdir(place) }
  }

  /// Writes the recipe.
  func write(_ recipe: String) throws(Fault) { try AtomicFile.write("\(Self.mark)\n\(recipe)", to: self.recipe) }
}
