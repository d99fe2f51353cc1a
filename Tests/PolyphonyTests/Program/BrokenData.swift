import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// A small valid data set and a model for it, which a test breaks in one place.
struct BrokenData {
  let folder: String
  let model: String

  init(_ parent: String) throws {
    folder = parent + "/data"
    model = parent + "/model"
    var generator = SyntheticSentiment()
    generator.samples = 60
    try DatasetWriter.write(generator.description, try generator.make(), to: folder)
    let configuration = ModelConfiguration(
      architecture: "late_fusion", modalities: generator.description.modalities, task: generator.description.task,
      width: 8, heads: 2, layers: 1)
    try ModelFolder.write(try MultimodalModel(configuration).backbone, to: model)
  }

  /// The tensors of a split, which a test may change.
  struct Split {
    var tensors: [String: Tensor]
    let count: Int

    mutating func fill(_ name: String, _ value: Double) {
      let tensor = tensors[name]!.copy()
      tensor.reshaped(-1).slice(0, 3, 4).fillInPlace(value)
      tensors[name] = tensor
    }
  }

  func path(_ split: String) -> String { "\(folder)/\(split).safetensors" }

  func edit(_ split: String, _ body: (inout Split) throws -> Void) throws {
    let tensors = try SafetensorsFile(path: path(split)).tensors()
    var edited = Split(tensors: tensors, count: tensors["text"]!.size(0))
    try body(&edited)
    try SafetensorsWriter.write(
      to: path(split), edited.tensors.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) })
    try forgetHashes()
  }

  func patch(_ split: String, keepHash: Bool = false, _ body: (inout Data) -> Void) throws {
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path(split)))
    body(&bytes)
    try bytes.write(to: URL(fileURLWithPath: path(split)))
    if !keepHash { try forgetHashes() }
  }

  func write(_ split: String, _ bytes: Data) throws { try patch(split) { $0 = bytes } }

  func truncate(_ split: String) throws { try patch(split) { $0 = $0.prefix($0.count / 2) } }

  /// Replaces a piece of the header by one of the same length.
  func header(_ split: String, replacing old: String, with new: String) throws {
    var found: Range<Data.Index>?
    try patch(split) { bytes in
      found = bytes.range(of: Data(old.utf8))
      if let found { bytes.replaceSubrange(found, with: Data(new.utf8)) }
    }
    try #require(found != nil, "the header has no \(old)")
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(folder)/\(name)") }

  func describe(_ body: (String) -> String) throws {
    let path = folder + "/dataset.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let changed = body(text)
    try #require(changed != text, "the edit changed nothing")
    try changed.write(toFile: path, atomically: true, encoding: .utf8)
  }

  private func forgetHashes() throws {
    let path = folder + "/dataset.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let lines = text.split(separator: "\n").map(String.init)
    // The hash goes, and so does the comma after the file's name, which then ends the object.
    var kept: [String] = []
    for line in lines {
      if line.contains("\"sha256\"") {
        if kept.last?.hasSuffix(",") == true { kept[kept.count - 1].removeLast() }
      } else {
        kept.append(line)
      }
    }
    try kept.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
  }
}

/// A file system that is too small for one command.
enum FullDisk {
  static let isAvailable = (try? run(["true"], bytes: 100_000).code) == 0

  static func run(_ command: [String], bytes: Int) throws -> Program.Outcome {
    #if os(Linux)
      return try withTemporaryFolder { folder in
        let disk = folder + "/disk"
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        let words = command.map { "'" + $0.replacingOccurrences(of: "DISK", with: disk) + "'" }.joined(separator: " ")
        return try Program.run(
          [
            "--user", "--map-root-user", "--mount", "sh", "-c",
            "mount -t tmpfs -o size=\(bytes) none '\(disk)' && exec \(words)",
          ], executable: "/usr/bin/unshare")
      }
    #else
      return Program.Outcome(code: 1, output: "", errors: "")
    #endif
  }
}
