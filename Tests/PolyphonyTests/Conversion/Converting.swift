import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyConversion
@testable import PolyphonyReports
@testable import PolyphonySupport

/// A conversion in a temporary folder, and what it left.
struct Converting {
  let report: DatasetConversion.Outcome
  let folder: String

  /// Converts files; `adjust` sets options.
  init(_ inputs: [String], in folder: String, _ adjust: (inout ConversionOptions) throws -> Void = { _ in }) throws {
    self.folder = folder + "/converted"
    var options = ConversionOptions(inputs: inputs, output: self.folder)
    try adjust(&options)
    report = try DatasetConversion.run(options)
  }

  func file(_ split: String) throws -> SafetensorsFile { try SafetensorsFile(path: "\(folder)/\(split).safetensors") }

  /// The path of a file with some content.
  static func write(_ bytes: [UInt8], _ name: String, in folder: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    return "\(folder)/\(name)"
  }

  /// The fault that a conversion ends with; nil, and an issue, where it ends with none.
  static func fault(
    _ inputs: [String], in folder: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ adjust: (inout ConversionOptions) throws -> Void = { _ in }
  ) throws -> Fault? {
    do {
      _ = try Converting(inputs, in: folder, adjust)
      Issue.record("the conversion went through", sourceLocation: sourceLocation)
      return nil
    } catch let fault as Fault {
      #expect(!FileManager.default.fileExists(atPath: folder + "/converted"), sourceLocation: sourceLocation)
      return fault
    }
  }
}

extension Fault {
  /// Everything that a user would read.
  var words: String { [problem, file, key, found, expected, remedy].compactMap(\.self).joined(separator: " | ") }
}
