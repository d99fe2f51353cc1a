import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyConversion
@testable import PolyphonySupport

/// Converts several files: one a split, one a modality, or both.
@Suite struct SeveralFilesTests {
  /// The bytes of an array of floats as NumPy writes it.
  static func array(_ shape: [Int], _ value: (Int) -> Float = { Float($0) }) -> [UInt8] {
    let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }\n"
    let values = (0..<shape.reduce(1, *)).map(value)
    return NumPyConversionTests.header(header, data: 0) + values.withUnsafeBytes(Array.init)
  }

  static func write(_ name: String, _ shape: [Int], in folder: String, _ value: (Int) -> Float = { Float($0) }) throws {
    _ = try Converting.write(array(shape, value), name, in: folder)
  }

  @Test func aFileASplit() throws {
    try withTemporaryFolder { folder in
      let train = try Converting.write(Array(OwnTable.bare(rows: 40) { $0 % 2 }.utf8), "a.csv", in: folder)
      let test = try Converting.write(Array("label,gsr,hr\n1,7,8\n0,9,10\n".utf8), "b.csv", in: folder)
      let conversion = try Converting(["train=\(train)", "test=\(test)"], in: folder)
      #expect(conversion.report.splits.map(\.name) == ["train", "valid", "test"])
      #expect(conversion.report.splits.map(\.samples) == [34, 6, 2])
      #expect(try conversion.file("test").tensor("features").floats == [8, 7, 10, 9])
      #expect(try conversion.file("test").tensor("target").integers == [1, 0])
      try Dataset(conversion.folder).checkDisjoint(
        ["train", "valid", "test"].map { try Dataset(conversion.folder).unlabelled($0) })
    }
  }

  @Test func aFileAModality() throws {
    try withTemporaryFolder { folder in
      try Self.write("one.npy", [20, 3, 2], in: folder)
      try Self.write("two.npy", [20, 4], in: folder)
      let table = "name,label,subject\n" + (0..<20).map { "n\($0),\($0 % 2 == 0 ? "a" : "b"),\($0 % 5)\n" }.joined()
      let meta = try Converting.write(Array(table.utf8), "meta.csv", in: folder)
      let conversion = try Converting(
        ["audio=\(folder)/one.npy", "video=\(folder)/two.npy", "meta=\(meta)"], in: folder
      ) {
        $0.groupBy = "subject"
        $0.id = "name"
      }
      let description = conversion.report.description
      #expect(description.modalities == [.sequence("audio", features: 2, length: 3), .vector("video", features: 4)])
      #expect(description.task.labels == ["a", "b"])
      #expect(conversion.report.splits.map(\.samples).reduce(0, +) == 20)
    }
  }

  /// Nine files as researchers publish them: two modalities and several ratings, each for three splits.
  @Test func aFileAModalityAndSplit() throws {
    try withTemporaryFolder { folder in
      var inputs: [String] = []
      for (split, count) in [("train", 6), ("valid", 3), ("test", 2)] {
        for (name, shape) in [("audio", [count, 3, 2]), ("video", [count, 4]), ("y", [count, 17])] {
          try Self.write("\(name)_\(split).npy", shape, in: folder) { Float($0) / 4 }
          inputs.append("\(name).\(split)=\(folder)/\(name)_\(split).npy")
        }
      }
      let all = try Converting(inputs, in: folder)
      let names = (0..<17).map { "y_\($0)" }
      #expect(all.report.description.task == PredictionTask(kind: .regression, targets: names))
      #expect(all.report.notes.contains { $0.contains("y has 17 columns") && $0.contains("--target y:0 takes one") })
      let written = try all.file("test").tensor("target")
      #expect(written.shape == [2, 17] && written.floats == (0..<34).map { Float($0) / 4 })
      try FileManager.default.removeItem(atPath: all.folder)
      let beyond = try Converting.fault(inputs, in: folder) { $0.target = "y:17" }
      #expect(beyond?.words.contains("y:0 to y:16") == true, "\(beyond?.words ?? "")")
      let none = try Converting.fault(inputs, in: folder) { $0.target = "z:1" }
      #expect(none?.kind == .usage)
      let conversion = try Converting(inputs, in: folder) { $0.target = "y:3" }
      #expect(conversion.report.splits.map(\.samples) == [6, 3, 2])
      #expect(conversion.report.description.modalities.map(\.name) == ["audio", "video"])
      #expect(try conversion.file("test").tensor("target").floats == [0.75, 5])
    }
  }

  @Test func rowsOfFilesMustAgree() throws {
    try withTemporaryFolder { folder in
      let one = try Converting.write(Array("id,x\n1,2\n2,3\n".utf8), "one.csv", in: folder)
      let two = try Converting.write(Array("id,z,y\n1,2,0\n3,3,1\n".utf8), "two.csv", in: folder)
      let fault = try Converting.fault(["a=\(one)", "b=\(two)"], in: folder)
      for word in ["two.csv", "id", "«2» and «3» in row 1"] {
        #expect(fault?.words.contains(word) == true, "\(word) is not in: \(fault?.words ?? "")")
      }
      let lacking = try Converting.fault(["train=\(one)", "test=\(two)"], in: folder)
      #expect(lacking?.words.contains("lacks a column of another split") == true, "\(lacking?.words ?? "")")
    }
  }

  @Test(
    arguments: [
      ("FILE", nil, nil), ("train=FILE", nil, "train"), ("dev=FILE", nil, "valid"), ("audio=FILE", "audio", nil),
      ("audio.test=FILE", "audio", "test"),
    ] as [(String, String?, String?)])
  func forms(text: String, modality: String?, split: String?) throws {
    let file = try InputFile(parsing: text)
    #expect(file.path == "FILE" && file.modality == modality && file.split == split)
  }

  @Test(
    arguments: [
      ["=a"], ["a="], ["a.b=c"], ["a", "b=c"], ["train=a", "b=c"], ["a.train=b", "c=d"], ["train=a", "train=b"], [],
    ])
  func noForms(inputs: [String]) {
    #expect(throws: Fault.self) { _ = try InputFile.parse(inputs) }
  }
}
