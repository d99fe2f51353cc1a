import Foundation
import Polyphony
import PolyphonyConversion
import PolyphonyEncoders

extension SampleSource {
  /// Reads samples from a table, from a folder of volumes, or from all else that `init` reads.
  /// - Throws: The faults of the conversion of a table, which name the table, and those of `init`.
  static func read(
    _ path: String, split: String, for model: MultimodalModel, wantsTargets: Bool, encoders: [String],
    detectors: [String]
  ) throws(Fault) -> SampleSource {
    var isFolder: ObjCBool = false
    if VolumesToPredict.isFolder(path) { return try volumes([path], for: model) }
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    guard TableToPredict.isTable(path), !exists || !isFolder.boolValue else {
      return try SampleSource(path, split: split, for: model, wantsTargets: wantsTargets)
    }
    let extractors = try EncoderChoice.extractors(for: model.configuration, encoders: encoders, detectors: detectors)
    let table = try TableToPredict(path, for: model.configuration, extractors: extractors)
    return try throughFolder(path, split: TableToPredict.split, for: model, wantsTargets) { (folder) throws(Fault) in
      let display = ConversionDisplay()
      let notes = try table.write(to: folder) { progress in
        if progress.unit == .inputs { display.update(progress) }
      }
      display.clear()
      return notes
    }
  }

  /// Reads the slices of volumes: `NAME=FILE` for each modality of one patient, or a folder of patients.
  /// - Throws: The faults of the conversion, and those of `init`.
  static func volumes(_ inputs: [String], for model: MultimodalModel) throws(Fault) -> SampleSource {
    let volumes = try VolumesToPredict(inputs, for: model.configuration)
    return try throughFolder(inputs[0], split: VolumesToPredict.split, for: model, false) { (folder) throws(Fault) in
      try volumes.write(to: folder)
    }
  }

  /// Reads samples from a data set that is made for this alone, and prints the notes of its making.
  private static func throughFolder(
    _ path: String, split: String, for model: MultimodalModel, _ wantsTargets: Bool,
    _ make: (_ folder: String) throws(Fault) -> [String]
  ) throws(Fault) -> SampleSource {
    let folder = NSTemporaryDirectory() + "polyphony-" + UUID().uuidString
    defer { try? AtomicFolder.remove(folder, of: .dataset) }
    for note in try make(folder) { Terminal.note(note) }
    do {
      return try SampleSource(folder, split: split, for: model, wantsTargets: wantsTargets)
    } catch {
      // Users know the input, and not the folder.
      var fault = error
      if fault.file?.hasPrefix(folder) == true { fault.file = path }
      throw fault
    }
  }
}
