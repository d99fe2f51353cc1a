import Foundation
import Polyphony
import Testing
import Torch

/// Converts pickles of real Pythons with NumPy 1.26 and 2.4 (Tools/make-conversion-fixtures.py).
@Suite struct PickleConversionTests {
  @Test(arguments: ["numpy1", "numpy2"], 0...5)
  func givesWhatPythonRead(numpy: String, version: Int) throws {
    try withTemporaryFolder { folder in
      let conversion = try Converting([fixture("conversion/\(numpy)-protocol\(version).pkl")], in: folder)
      let description = conversion.report.description
      #expect(description.modalities.map(\.name) == ["text", "audio", "vision", "half", "flags", "counts"])
      #expect(description.task == PredictionTask(kind: .regression, range: [-3, 3], metrics: .sentiment))
      #expect(conversion.report.splits.map(\.samples) == [5, 3, 4])
      for split in ["train", "valid", "test"] {
        let expected = try SafetensorsFile(path: fixture("conversion/expected-\(split).safetensors"))
        let found = try conversion.file(split)
        for entry in expected.entries where entry.name != "tokens" {
          #expect(found[entry.name]?.shape == entry.shape, "\(split) \(entry.name)")
          // What Python read has 0 for missing cells.
          let values = try found.tensor(entry.name).doubles.map { $0.isNaN ? 0 : $0 }
          #expect(try values == expected.tensor(entry.name).doubles, "\(split) \(entry.name)")
        }
      }
      // Every split has −∞ in three places, and NaN and +∞ in one place each.
      let notes = conversion.report.notes.joined(separator: "\n")
      #expect(notes.contains("train: 3 × −∞, 1 × +∞ in audio became 0"), "\(notes)")
      #expect(notes.contains("train: 1 missing cell (") && notes.contains("left out: raw_text"), "\(notes)")
      #expect(description.modalities.map(\.missingCells) == [nil, .mean, nil, nil, nil, nil])
      #expect(try conversion.file("train").tensor("audio").doubles.count(where: \.isNaN) == 1)
      let inspection = try DatasetInspection(try Dataset(conversion.folder))
      #expect(inspection.modalities.count == 18)
      let names = try JSONDecoder().decode(
        [String].self, from: Data(contentsOf: URL(fileURLWithPath: conversion.folder + "/ids.json")))
      #expect(names.count == 12 && names[0] == "train$_$0" && names[11] == "test$_$3")
    }
  }

  @Test func tokensAreTurned() throws {
    try withTemporaryFolder { folder in
      let conversion = try Converting([fixture("conversion/numpy2-protocol4.pkl")], in: folder) {
        $0.text = .tokens
        $0.modalities = [try .init(parsing: "text"), try .init(parsing: "sound=audio")]
      }
      #expect(conversion.report.description.modalities.map(\.sampleShape) == [[4, 3], [5, 3]])
      let expected = try SafetensorsFile(path: fixture("conversion/expected-valid.safetensors"))
      let found = try conversion.file("valid")
      #expect(try found.tensor("text").doubles == expected.tensor("tokens").doubles)
      #expect(try found.tensor("sound.length").integers == expected.tensor("audio.length").integers)
    }
  }

  @Test(arguments: ["classification_labels", "annotations"]) func classes(key: String) throws {
    try withTemporaryFolder { folder in
      let conversion = try Converting([fixture("conversion/numpy1-protocol5.pkl")], in: folder) {
        $0.task = .classification
        $0.target = key
      }
      #expect(conversion.report.description.task.classes == 3)
      #expect(
        conversion.report.description.task.labels == (key == "annotations" ? ["Negative", "Neutral", "Positive"] : nil))
      #expect(try conversion.file("train").tensor("target").integers == [0, 1, 2, 0, 1])
      _ = try Dataset(conversion.folder).labelled("test")
    }
  }

  /// Reads a pickle of Python 2 with protocol 0, which has strings in quotes with escapes and no bytes.
  @Test func python2() throws {
    // The two samples have the numbers 1 (00 00 80 3f) and 2 (00 00 00 40).
    let array = """
      cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(L2L\nI1\ntcnumpy\ndtype\n(S'f4'\nI0\nI1\n\
      tR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nS'\\x00\\x00\\x80?\\x00\\x00\\x00@'\ntb
      """
    let labels = "(lF1.5\naF-1\na"
    let text = "(dS'train'\n(dS'audio'\n\(array)sS'labels'\n\(labels)ss."
    try withTemporaryFolder { folder in
      let conversion = try Converting([try Converting.write(Array(text.utf8), "two.pkl", in: folder)], in: folder)
      #expect(try conversion.file("train").tensor("audio").doubles == [1, 2])
      #expect(try conversion.file("train").tensor("target").doubles == [1.5, -1])
    }
  }

  /// Reads byte strings that stay in the file, and texts that encode bytes, both long and short. Nearly all bytes are
  /// above 127. Such a byte takes two bytes in UTF-8 and one in protocol 0.
  @Test(arguments: [UInt8(ascii: "B"), UInt8(ascii: "X"), UInt8(ascii: "V")], [1, 30])
  func bytesInEveryForm(opcode: UInt8, rows: Int) throws {
    let values = (0..<rows * 1000).map { Float(bitPattern: 0xC1D2_E380 + UInt32($0)) }
    let raw = values.withUnsafeBytes(Array.init)
    var content: [UInt8] = []
    switch opcode {
    case UInt8(ascii: "B"): content = PickleBytes.counted(opcode, raw)
    case UInt8(ascii: "X"):
      let text = String(String.UnicodeScalarView(raw.map { Unicode.Scalar($0) }))
      content = PickleBytes.encoded(PickleBytes.counted(opcode, Array(text.utf8)))
    default:
      var line = [opcode]
      for byte in raw {
        if [0, 10, 13, 26, 92].contains(byte) {
          line += Array("\\u00".utf8) + Array(String(Int(byte) + 256, radix: 16).dropFirst().utf8)
        } else {
          line.append(byte)
        }
      }
      content = PickleBytes.encoded(line + [10])
    }
    let pickle = PickleBytes.dictionary(["audio": PickleBytes.array(shape: [rows, 1000], content)])
    try withTemporaryFolder { folder in
      let path = try Converting.write(pickle, "long.pkl", in: folder)
      let conversion = try Converting([path], in: folder) { $0.ratios = [1, 0, 0] }
      #expect(try conversion.file("train").tensor("audio").floats == values)
      #expect(conversion.report.notes.contains { $0.contains("no target") })
    }
  }
}

/// The parts that tests build pickles from.
enum PickleBytes {
  static func counted(_ opcode: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    [opcode] + withUnsafeBytes(of: UInt32(bytes.count).littleEndian, Array.init) + bytes
  }

  /// The pickle of `_codecs.encode(text, 'latin1')`.
  static func encoded(_ text: [UInt8]) -> [UInt8] {
    Array("c_codecs\nencode\n(".utf8) + text + Array("Vlatin1\ntR".utf8)
  }

  /// A single-precision array with content given as a pickled value.
  static func array(shape: [Int], _ content: [UInt8]) -> [UInt8] {
    let extents = shape.map { "I\($0)\n" }.joined()
    let head =
      "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntVb\ntR(I1\n(\(extents)tcnumpy\ndtype\n(Vf4\nI00\n"
      + "I01\ntR(I3\nV<\nNNNI-1\nI-1\nI0\ntbI00\n"
    return Array(head.utf8) + content + Array("tb".utf8)
  }

  /// A whole pickle: a dictionary of values.
  static func dictionary(_ items: KeyValuePairs<String, [UInt8]>) -> [UInt8] {
    items.reduce(into: Array("(d".utf8)) { $0 += Array("V\($1.key)\n".utf8) + $1.value + [UInt8(ascii: "s")] }
      + [UInt8(ascii: ".")]
  }
}
