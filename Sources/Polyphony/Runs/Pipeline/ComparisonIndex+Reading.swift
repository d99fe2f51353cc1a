import Foundation
import Torch

extension ComparisonIndex {
  /// Reads the file of a comparison's folder.
  /// - Throws: `Fault(.missingInput)` for a missing file, `Fault(.badData)` for a damaged one.
  public init(folder: String) throws(Fault) {
    guard let index = try Self.read(folder) else {
      throw Fault(
        .missingInput, "the file is not there or cannot be read", file: "\(folder)/\(Self.file)",
        remedy: "name the output folder of «polyphony compare»")
    }
    self = index
  }

  /// Reads the file of a folder. Returns nil if there is no such file.
  /// - Throws: `Fault(.badData)` with the key that is missing or has another form.
  package static func read(_ folder: String) throws(Fault) -> ComparisonIndex? {
    let path = "\(folder)/\(file)"
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    return try ComparisonIndex(parsing: String(decoding: data, as: UTF8.self), file: path)
  }

  /// Reads the file's text. The file may come from others, so it must not name a folder outside the comparison's.
  /// - Throws: `Fault(.badData)` with the key that is missing or has another form.
  init(parsing text: String, file: String? = nil) throws(Fault) {
    let document = try OrderedJSON(parsing: text, file: file)
    func fault(_ key: String, _ found: OrderedJSON?, _ expected: String) -> Fault {
      Fault(
        .badData, "the description of the comparison is not of the expected form", file: file, key: key,
        found: found?.kindName ?? "nothing", expected: expected)
    }
    func string(_ value: OrderedJSON?, _ key: String) throws(Fault) -> String {
      guard case .string(let text)? = value else { throw fault(key, value, "a string") }
      return text
    }
    func optional(_ key: String) throws(Fault) -> String? {
      guard let value = document[key], value != .null else { return nil }
      return try string(value, key)
    }
    func list(_ value: OrderedJSON?, _ key: String) throws(Fault) -> [OrderedJSON] {
      guard case .array(let elements)? = value else { throw fault(key, value, "a list") }
      return elements
    }
    func strings(_ value: OrderedJSON?, _ key: String) throws(Fault) -> [String] {
      guard let value, value != .null else { return [] }
      var strings: [String] = []
      for (place, element) in try list(value, key).enumerated() {
        strings.append(try string(element, "\(key).\(place)"))
      }
      return strings
    }
    guard case .object = document else { throw fault("", document, "an object") }
    var contrasts: [Contrast] = []
    let planned = document["contrasts"] == .null ? nil : document["contrasts"]
    for (index, contrast) in try (planned == nil ? [] : list(planned, "contrasts")).enumerated() {
      let key = "contrasts.\(index)"
      var under: String?
      if let text = contrast["under"], text != .null { under = try string(text, "\(key).under") }
      contrasts.append(
        Contrast(
          try string(contrast["name"], "\(key).name"), method: try string(contrast["method"], "\(key).method"),
          against: try string(contrast["against"], "\(key).against"), under: under,
          missing: try strings(contrast["missing"], "\(key).missing"),
          shift: try strings(contrast["shift"], "\(key).shift")))
    }
    var runs: [Run] = []
    for (index, run) in try list(document["runs"], "runs").enumerated() {
      let key = "runs.\(index)"
      guard case .integer(let number)? = run["seed"], let seed = UInt64(exactly: number) else {
        throw fault("\(key).seed", run["seed"], "an integer, 0 or more")
      }
      var stages: [Run.Stage] = []
      for (place, stage) in try list(run["stages"], "\(key).stages").enumerated() {
        let own = "\(key).stages.\(place)"
        let folder = try string(stage["folder"], "\(own).folder")
        guard !folder.hasPrefix("/"), !folder.split(separator: "/").contains("..") else {
          throw Fault(
            .badData, "a run lies outside of the comparison's folder", file: file, key: "\(own).folder", found: folder,
            expected: "a folder below that of this file")
        }
        stages.append(
          .init(
            kind: try string(stage["kind"], "\(own).kind"), method: try string(stage["method"], "\(own).method"),
            folder: folder))
      }
      runs.append(
        .init(
          data: try string(run["data"], "\(key).data"), method: try string(run["method"], "\(key).method"), seed: seed,
          stages: stages))
    }
    self.init(reference: try optional("reference"), metric: try optional("metric"), contrasts: contrasts, runs: runs)
  }
}
