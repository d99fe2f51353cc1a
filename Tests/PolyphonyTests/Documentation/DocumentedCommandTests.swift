import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyConversion

/// The commands of the documents do what they say: each document is followed from its first command to its last.
///
/// Every document has a scratch folder of its own, like a fresh clone with few samples. What a command uses, an earlier
/// block of the same document has made.
@Suite struct DocumentedCommandTests {
  /// The documents with a command of the program.
  static let documents = (DocumentationTests.pages + DocumentationTests.articles).filter { document in
    let steps = (try? DocumentationTests.text(document)).map { DocumentStep.all(in: $0) } ?? []
    return steps.contains { step in
      if case .command(_, let words) = step { words[0] == "polyphony" } else { false }
    }
  }

  @Test func mostDocumentsHaveCommands() {
    #expect(Self.documents.count >= 11, "\(Self.documents)")
  }

  @Test(.timeLimit(.minutes(10)), arguments: documents) func theCommandsSucceed(document: String) throws {
    try withTemporaryFolder { folder in
      try Self.makeClone(folder)
      for step in DocumentStep.all(in: try DocumentationTests.text(document)) {
        switch step {
        case .file(let name, let text):
          let path = "\(folder)/\(name)"
          try FileManager.default.createDirectory(atPath: path.parentFolder, withIntermediateDirectories: true)
          try (name.hasSuffix(".yaml") ? SmallSettings.shrink(recipe: text) : text)
            .write(toFile: path, atomically: true, encoding: .utf8)
        case .command(let line, let words):
          guard let outcome = try Self.run(words, in: folder) else { continue }
          guard outcome.code == 0 else {
            Issue.record(
              "\(document):\(line): «\(words.joined(separator: " "))» ended with \(outcome.code): \(outcome.errors)")
            return
          }
        }
      }
    }
  }

  /// Runs a command; nil for one that the test leaves out.
  private static func run(_ words: [String], in folder: String) throws -> Program.Outcome? {
    let command = words.joined(separator: " ")
    if SmallSettings.skipped.keys.contains(where: { command.hasPrefix($0) }) { return nil }
    switch words[0] {
    case "polyphony"
    where !HDF5Library.isAvailable && words.contains(where: { $0.hasSuffix(".h5") || $0.hasSuffix(".csd") }):
      return nil
    case "polyphony":
      return try Program.run(SmallSettings.shrink(Array(words.dropFirst())), in: folder)
    case "python3" where words.count == 2 && words[1].hasSuffix(".py"):
      return try Program.run(words, in: folder, executable: "/usr/bin/env")
    default:
      Issue.record("no rule runs or skips «\(command)»")
      return nil
    }
  }

  /// Makes what a clone of this repository has: the numerals, here with six samples a class, and the recipes. Beside
  /// them are the files that a reader brings along.
  private static func makeClone(_ folder: String) throws {
    let numerals = try Dataset("\(DocumentationTests.root)/Data/numerals")
    let description = numerals.description
    let splits = try ["train", "valid", "test"].map { name in
      let split = try numerals.labelled(name).subsampled(perClass: 6, seed: 0)
      return DatasetWriter.Split(name, split.samples.inputs, target: split.target, ids: split.samples.ids)
    }
    for name in ["Data", "Recipes"] {
      try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: false)
    }
    try DatasetWriter.write(description, splits, to: "\(folder)/Data/numerals")
    for (name, stand) in SmallSettings.brought {
      try FileManager.default.copyItem(atPath: fixture(stand), toPath: "\(folder)/\(name)")
    }
    try SmallEncoder.make(in: "\(folder)/enc/minilm")
    try SmallMedia.encoder("vit", in: folder, as: "enc/mobilenet")
    try "words,stars\n".appending((0..<30).map { "I loved it,\($0 % 5)\nthe movie was bad,\($0 % 3)\n" }.joined())
      .write(toFile: "\(folder)/reviews.csv", atomically: true, encoding: .utf8)
    try OwnTable.pandas(rows: 96).write(toFile: "\(folder)/watch.csv", atomically: true, encoding: .utf8)
    for recipe in try DocumentationTests.files(in: "Recipes", ending: ".yaml") {
      try SmallSettings.shrink(recipe: try DocumentationTests.text(recipe))
        .write(toFile: "\(folder)/\(recipe)", atomically: true, encoding: .utf8)
    }
  }
}
