import Foundation
import Polyphony

/// A file of `--input`, with the modality and the split that it holds.
struct InputFile: Equatable {
  /// The path of the file.
  var path: String
  /// The modality or the other column that the file holds. It is nil for a file of several.
  var modality: String?
  /// The split that the file holds. It is nil for a file that decides itself.
  var split: String?

  /// True if the option says what the file holds.
  var isNamed: Bool { modality != nil || split != nil }

  /// The words before the equals sign of the option.
  var name: String { [modality, split].compactMap(\.self).joined(separator: ".") }

  /// Makes an input without a name.
  init(path: String) { self.path = path }

  /// Reads `FILE`, `SPLIT=FILE`, `NAME=FILE` or `NAME.SPLIT=FILE`. A file whose own name has an equals sign stays one.
  /// - Throws: `Fault(.usage)` for an empty name or file, and for an unknown split.
  init(parsing text: String) throws(Fault) {
    guard let sign = text.firstIndex(of: "="), !text[..<sign].contains("/"),
      !FileManager.default.fileExists(atPath: text)
    else {
      path = text
      return
    }
    let name = String(text[..<sign])
    path = String(text[text.index(after: sign)...])
    guard !name.isEmpty, !path.isEmpty else {
      throw Fault(
        .usage, "this names no file", key: "--input", found: text,
        expected: "FILE, train=FILE, NAME=FILE or NAME.train=FILE")
    }
    if let split = SourceTable.splitName(name) {
      self.split = split
      return
    }
    guard let dot = name.lastIndex(of: ".") else {
      modality = name
      return
    }
    let last = String(name[name.index(after: dot)...])
    guard let split = SourceTable.splitName(last), dot > name.startIndex else {
      throw Fault(
        .usage, "a file is for an unknown split", key: "--input", found: text,
        expected: "NAME.train, NAME.valid or NAME.test before the equals sign",
        remedy: Suggestion.question(for: last, among: ["train", "valid", "test"]))
    }
    (modality, self.split) = (String(name[..<dot]), split)
  }

  /// Reads all files, and checks that they fit together.
  /// - Throws: `Fault(.usage)` for no file, for two files of one part, and for a mixture of forms.
  static func parse(_ inputs: [String]) throws(Fault) -> [InputFile] {
    guard !inputs.isEmpty else {
      throw Fault(.usage, "there is nothing to convert", key: "--input", expected: "a file")
    }
    let files = try inputs.map { (input) throws(Fault) in try InputFile(parsing: input) }
    func refuse(_ problem: String, _ found: InputFile, _ expected: String) -> Fault {
      Fault(.usage, problem, file: found.path, key: "--input", found: found.name, expected: expected)
    }
    if let other = files.first(where: { !$0.isNamed }), files.contains(where: \.isNamed) {
      throw Fault(
        .usage, "some files say what they hold, and others do not", file: other.path, key: "--input",
        found: other.path, expected: "train=FILE, NAME=FILE or NAME.train=FILE for every file")
    }
    if let other = files.first(where: { $0.isNamed && $0.split == nil }), files.contains(where: { $0.split != nil }) {
      throw refuse("some files are for one split, and others for none", other, "\(other.name).train=FILE")
    }
    for (index, file) in files.enumerated() where file.isNamed {
      if files[..<index].contains(where: { $0.name == file.name }) {
        throw refuse("two files hold the same part", file, "one file for each modality and split")
      }
    }
    return files
  }
}
