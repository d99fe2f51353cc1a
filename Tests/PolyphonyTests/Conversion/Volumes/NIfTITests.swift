import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyConversion

/// Reads NIfTI files of nibabel (Tools/make-volume-fixtures.py), and writes masks.
@Suite struct NIfTITests {
  /// The facts about a file as nibabel reads it.
  struct Known: Decodable {
    var affine: [[Double]]
    var orientation: String
    var spacing: [Double]
    var sum: Double
    var first: [Double]
  }

  static func known() throws -> [String: Known] {
    try JSONDecoder().decode(
      [String: Known].self, from: Data(contentsOf: URL(fileURLWithPath: fixture("volumes/files.json"))))
  }

  static func path(_ name: String) -> String { fixture("volumes/\(name)") }

  /// Every type in both orders, both versions, scaled numbers, and affine, quaternion or neither.
  @Test func readsWhatNibabelWrites() throws {
    let known = try Self.known()
    #expect(known.count == 25)
    for (name, expected) in known {
      let file = try NIfTIFile(Self.path(name))
      #expect(file.header.shape == [4, 5, 3], "\(name)")
      #expect(file.geometry.orientation == expected.orientation, "\(name)")
      for (found, wanted) in zip(file.geometry.affine.joined(), expected.affine.joined()) {
        #expect(abs(found - wanted) < 1e-5, "\(name): \(found), not \(wanted)")
      }
      for (found, wanted) in zip(file.geometry.spacing, expected.spacing) {
        #expect(abs(found - wanted) < 1e-5, "\(name)")
      }
      let values = try file.values()
      #expect(values.prefix(4).map(Double.init) == expected.first, "\(name)")
      #expect(values.reduce(0) { $0 + Double($1) } == expected.sum, "\(name)")
    }
  }

  @Test(arguments: ["mask.nii", "mask.nii.gz"]) func masksKeepTheGeometry(name: String) throws {
    try withTemporaryFolder { folder in
      for source in ["big-i2.nii", "quaternion.nii.gz", "bare.nii.gz"] {
        let image = try NIfTIFile(Self.path(source))
        var volume = SmallVolumes().volume
        (volume.shape, volume.header) = (image.header.shape, image.header.geometry)
        for labels in [[0, 1, 4], [0, 1, 70_000]] {
          let values = (0..<60).map { Int32(labels[$0 % 3]) }
          try NIfTIWriter.write(values, of: volume, to: "\(folder)/\(name)")
          let mask = try NIfTIFile("\(folder)/\(name)")
          #expect(try mask.values() == values.map(Float.init))
          #expect(mask.header.geometry == image.header.geometry, "\(source)")
          #expect(mask.geometry.affine == image.geometry.affine, "\(source)")
        }
      }
    }
  }

  /// Members of gzip may follow each other, and zeros may follow the last one.
  @Test func severalMembersAreOneFile() throws {
    try withTemporaryFolder { folder in
      let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: Self.path("little-i2.nii"))))
      let parts = [Array(bytes[..<400]), Array(bytes[400...])]
      let joined = try parts.flatMap { (part) throws(Fault) in try Zlib.gzip(part, file: "x") }
      for padding in [0, 7] {
        let path = try Converting.write(
          joined + Array(repeating: UInt8(0), count: padding), "two.nii.gz", in: folder)
        #expect(try NIfTIFile(path).values() == NIfTIFile(Self.path("little-i2.nii")).values())
      }
    }
  }

  @Test func damagedFilesEndInFaults() throws {
    let zipped = Array(try Data(contentsOf: URL(fileURLWithPath: Self.path("second.nii.gz"))))
    var wrongSum = zipped
    wrongSum[zipped.count - 8] ^= 1
    let plain = Array(try Data(contentsOf: URL(fileURLWithPath: Self.path("little-f4.nii"))))
    var pair = plain
    pair[345] = 0x69
    let cases: [([UInt8], String)] = [
      (Array(zipped[..<(zipped.count / 2)]), "gzip"), (Array(zipped[..<(zipped.count - 4)]), "gzip"),
      (wrongSum, "zlib"),
      (Array(plain[..<500]), "500 bytes"), ([1, 2, 3], "no NIfTI"), (pair, "another file"),
    ]
    try withTemporaryFolder { folder in
      for (content, word) in cases {
        let path = try Converting.write(content, "wrong.nii.gz", in: folder)
        let fault = #expect(throws: Fault.self) { _ = try NIfTIFile(path).values() }
        #expect(fault?.kind == .badData && fault?.words.contains(word) == true, "\(word): \(fault?.words ?? "")")
      }
    }
  }

  /// Every byte of a header is changed in turn. Each ends in a fault or in other numbers, without a trap.
  @Test func liesEndInFaults() throws {
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: Self.path("little-i2.nii"))))
    try withTemporaryFolder { folder in
      var faults = 0
      for place in 0..<352 {
        var broken = bytes
        broken[place] ^= place % 2 == 0 ? 0xFF : 0x80
        let path = try Converting.write(broken, "wrong.nii", in: folder)
        do {
          let file = try NIfTIFile(path)
          _ = try VolumeScan(file, isMask: false)
          _ = (file.geometry.axes, file.geometry.orientation)
        } catch let fault as Fault {
          #expect(fault.kind == .badData, "\(fault.words)")
          faults += 1
        }
      }
      #expect(faults > 15)
    }
  }
}
