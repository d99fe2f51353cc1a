import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyConversion
@testable import PolyphonyReports
@testable import PolyphonySupport

/// A conversion in a temporary folder, with its output.
struct Converting {
  let report: DatasetConversion.Outcome
  let folder: String

  /// Converts files with the options that `adjust` sets.
  init(_ inputs: [String], in folder: String, _ adjust: (inout ConversionOptions) throws -> Void = { _ in }) throws {
    self.folder = folder + "/converted"
    var options = ConversionOptions(inputs: inputs, output: self.folder)
    try adjust(&options)
    report = try DatasetConversion.run(options)
  }

  func file(_ split: String) throws -> SafetensorsFile { try SafetensorsFile(path: "\(folder)/\(split).safetensors") }

  /// Writes a file, and returns its path.
  static func write(_ bytes: [UInt8], _ name: String, in folder: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    return "\(folder)/\(name)"
  }

  /// The fault of a conversion. A conversion without a fault records an issue and returns nil.
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
  /// All texts of the fault that a user sees.
  var words: String { [problem, file, key, found, expected, remedy].compactMap(\.self).joined(separator: " | ") }
}
