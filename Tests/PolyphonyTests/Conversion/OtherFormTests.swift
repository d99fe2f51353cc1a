import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyConversion
@testable import PolyphonySupport

/// Forms of tables that other programs must save as CSV first, and what else a conversion must not let through.
@Suite struct OtherFormTests {
  @Test(
    arguments: [
      ("data.parquet", Array("PAR1....".utf8), "read_parquet"),
      ("data.feather", Array("ARROW1..".utf8), "read_feather"),
      ("old.feather", Array("FEA1....".utf8), "read_feather"), ("old.xls", [0xD0, 0xCF, 0x11, 0xE0, 1], "read_excel"),
      ("frame.pkl", Array("cpandas.core.frame\nDataFrame\n.".utf8), "read_pickle"),
    ] as [(String, [UInt8], String)])
  func tablesOfOtherFormsNameTheWay(name: String, bytes: [UInt8], reader: String) throws {
    try withTemporaryFolder { folder in
      let fault = try Converting.fault([try Converting.write(bytes, name, in: folder)], in: folder)
      #expect(fault?.kind == .badData)
      for word in ["pandas.\(reader)('\(name)').to_csv('table.csv', index=False)", name] {
        #expect(fault?.words.contains(word) == true, "\(word) is not in: \(fault?.words ?? "")")
      }
    }
  }

  /// The least of a ZIP archive: one empty member in the directory.
  @Test func workbooksAreNoArchivesOfArrays() throws {
    func two(_ value: Int) -> [UInt8] { [UInt8(value & 255), UInt8(value >> 8)] }
    let name = Array("[Content_Types].xml".utf8)
    let entry =
      [0x50, 0x4B, 1, 2] + [UInt8](repeating: 0, count: 24) + two(name.count) + [UInt8](repeating: 0, count: 16)
    let directory = entry + name
    let end =
      [0x50, 0x4B, 5, 6, 0, 0, 0, 0, 1, 0, 1, 0] + two(directory.count) + [0, 0] + [0, 0, 0, 0, 0, 0]
    try withTemporaryFolder { folder in
      let fault = try Converting.fault([try Converting.write(directory + end, "book.xlsx", in: folder)], in: folder)
      #expect(fault?.words.contains("pandas.read_excel('book.xlsx')") == true, "\(fault?.words ?? "")")
    }
  }

  /// Writes an array of single precision.
  private func array(_ name: String, _ shape: [Int], _ values: [Float], in folder: String) throws -> String {
    let extents = shape.map { "\($0)," }.joined(separator: " ")
    let header = Array("{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }".utf8)
    let padded = header + [UInt8](repeating: 0x20, count: 63 - (10 + header.count) % 64) + [0x0A]
    let start: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(padded.count & 255), UInt8(padded.count >> 8)]
    let path = try Converting.write(
      start + padded + values.withUnsafeBytes { Array($0) }, "\(name).npy", in: folder)
    return path
  }

  @Test func presenceOfFloatsIsTaken() throws {
    try withTemporaryFolder { folder in
      let inputs = [
        try array("a", [4, 2], Array(repeating: 1, count: 8), in: folder),
        try array("b", [4, 1], [5, 6, 7, 8], in: folder), try array("y", [4], [0.5, 1, 2, 3], in: folder),
        try array("presence", [4, 2], [1, 0, 1, 1, 0, 1, 1, 1], in: folder),
      ]
      let conversion = try Converting(inputs, in: folder) { $0.ratios = [1, 0, 0] }
      #expect(conversion.report.description.modalities.map(\.name) == ["a", "b"])
      #expect(try conversion.file("train").tensor("presence").integers == [1, 0, 1, 1, 0, 1, 1, 1])
      #expect(conversion.report.notes.contains { $0.contains("presence are taken in this order: a, b") })
    }
    for (shape, values, words) in [
      ([2, 2], [1, 0.5, 1, 1], ["train.presence", "0.5 in sample 0", "0 or 1"]),
      ([2, 3], [1, 1, 1, 1, 1, 1], ["train.presence", "[2, 2]: a, b"]),
    ] as [([Int], [Float], [String])] {
      try withTemporaryFolder { folder in
        let inputs = [
          try array("a", [2, 2], [1, 2, 3, 4], in: folder), try array("b", [2, 1], [5, 6], in: folder),
          try array("y", [2], [0.5, 1], in: folder), try array("presence", shape, values, in: folder),
        ]
        let fault = try Converting.fault(inputs, in: folder) { $0.ratios = [1, 0, 0] }
        for word in words { #expect(fault?.words.contains(word) == true, "\(word) is not in: \(fault?.words ?? "")") }
      }
    }
  }

  @Test func aModalityThatNoTrainingSampleHasIsRefused() throws {
    try withTemporaryFolder { folder in
      let rows = (0..<12).map {
        "\($0),\($0 < 8 ? "" : "1"),\($0 % 2),\($0 < 8 ? "train" : $0 < 10 ? "valid" : "test")\n"
      }
      let path = try Converting.write(Array(("a_0,b_0,y,split\n" + rows.joined()).utf8), "table.csv", in: folder)
      let fault = try Converting.fault([path], in: folder)
      for word in ["missing from every training sample", "b", "8 samples", "--modality a"] {
        #expect(fault?.words.contains(word) == true, "\(word) is not in: \(fault?.words ?? "")")
      }
    }
    try withTemporaryFolder { folder in
      let rows = (0..<12).map {
        "\($0),\($0 < 8 ? "1" : ""),\($0 % 2),\($0 < 8 ? "train" : $0 < 10 ? "valid" : "test")\n"
      }
      let path = try Converting.write(Array(("a_0,b_0,y,split\n" + rows.joined()).utf8), "table.csv", in: folder)
      let conversion = try Converting([path], in: folder)
      #expect(conversion.report.notes.contains("warning: valid: 2 samples lack b"))
    }
  }

  /// The texts 1 and 01 are two ids, and one number.
  @Test func idsOfOneNumberStayApart() throws {
    try withTemporaryFolder { folder in
      let table = "id,a_0,y\n" + ["1", "01", "2", "03"].enumerated().map { "\($1),\($0),\($0 % 2)\n" }.joined()
      let path = try Converting.write(Array(table.utf8), "table.csv", in: folder)
      let conversion = try Converting([path], in: folder) { ($0.id, $0.ratios) = ("id", [1, 0, 0]) }
      #expect(try conversion.file("train").tensor("id").integers == [0, 1, 2, 3])
      _ = try DatasetInspection(try Dataset(conversion.folder))
    }
  }
}
