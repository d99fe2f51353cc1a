import Foundation
import Polyphony
import PolyphonyConversion
import PolyphonyEncoders

extension SampleSource {
  /// Reads samples from a table, or from all else that `init` reads.
  /// - Throws: The faults of the conversion of a table, which name the table, and those of `init`.
  static func read(
    _ path: String, split: String, for model: MultimodalModel, wantsTargets: Bool, encoders: [String],
    detectors: [String]
  ) throws(Fault) -> SampleSource {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    guard TableToPredict.isTable(path), !exists || !isFolder.boolValue else {
      return try SampleSource(path, split: split, for: model, wantsTargets: wantsTargets)
    }
    let extractors = try EncoderChoice.extractors(for: model.configuration, encoders: encoders, detectors: detectors)
    let table = try TableToPredict(path, for: model.configuration, extractors: extractors)
    let folder = NSTemporaryDirectory() + "polyphony-" + UUID().uuidString
    defer { try? AtomicFolder.remove(folder, of: .dataset) }
    let display = ConversionDisplay()
    let notes = try table.write(to: folder) { progress in
      if progress.unit == .inputs { display.update(progress) }
    }
    display.clear()
    for note in notes { Terminal.note(note) }
    do {
      return try SampleSource(folder, split: TableToPredict.split, for: model, wantsTargets: wantsTargets)
    } catch {
      // Users know the table, and not the folder.
      var fault = error
      if fault.file?.hasPrefix(folder) == true { fault.file = path }
      throw fault
    }
  }
}
