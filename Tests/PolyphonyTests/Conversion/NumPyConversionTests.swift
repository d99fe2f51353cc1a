import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyConversion
@testable import PolyphonySupport

/// Converts `.npy` and `.npz` files from NumPy, and broken ones.
@Suite struct NumPyConversionTests {
  static let ramp = (0..<24).map(Float.init)

  static func array(_ name: String) -> String { fixture("conversion/\(name).npy") }

  @Test(
    arguments: ["little", "big"], ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
  func elementTypes(order: String, code: String) throws {
    try withTemporaryFolder { folder in
      let conversion = try Converting([Self.array("\(order)-\(code)")], in: folder) { $0.ratios = [1, 0, 0] }
      let form = conversion.report.description.modalities[0]
      #expect(form.name == "\(order)-\(code)" && form.sampleShape == [2, 3])
      #expect(try conversion.file("train").tensor(form.name).floats == Self.ramp)
    }
  }

  @Test(arguments: [1, 2, 3]) func versionsAndFortransOrder(version: Int) throws {
    try withTemporaryFolder { folder in
      let conversion = try Converting([Self.array("version\(version)-fortran")], in: folder) {
        $0.ratios = [1, 0, 0]
        $0.modalities = [try .init(parsing: "audio=version\(version)-fortran")]
      }
      #expect(try conversion.file("train").tensor("audio").floats == Self.ramp)
    }
  }

  @Test func halfPrecision() throws {
    for bits in stride(from: UInt16(0), to: 0x7C00, by: 17) {
      #expect(ElementType.single(half: bits) == Float(Float16(bitPattern: bits)))
      #expect(ElementType.single(half: bits | 0x8000) == Float(Float16(bitPattern: bits | 0x8000)))
    }
    #expect(ElementType.single(half: 0x7C00) == .infinity && ElementType.single(half: 0x7E00).isNaN)
  }

  @Test(arguments: ["stored", "deflated"]) func archives(name: String) throws {
    try withTemporaryFolder { folder in
      let conversion = try Converting([fixture("conversion/\(name).npz")], in: folder)
      #expect(conversion.report.description.modalities.map(\.name) == ["text", "audio"])
      for split in ["train", "valid", "test"] {
        let expected = try SafetensorsFile(path: fixture("conversion/expected-\(split).safetensors"))
        for key in ["text", "audio", "target"] {
          // The expected files have 0 in missing cells, which the conversion keeps as NaN.
          let found = try conversion.file(split).tensor(key).floats.map { $0.isNaN ? 0 : $0 }
          #expect(try found == expected.tensor(key).floats, "\(split) \(key)")
        }
      }
    }
  }

  /// Seeded splits of several arrays have every sample once, and are the same for the same seed.
  @Test func splitsFollowFromTheSeed() throws {
    try withTemporaryFolder { folder in
      func ids(_ seed: UInt64) throws -> [[Int]] {
        let conversion = try Converting([Self.array("little-f4"), Self.array("big-i2")], in: folder) {
          $0.ratios = [0.5, 0.25, 0.25]
          $0.seed = seed
        }
        return try ["train", "valid", "test"].map { split in
          let file = try conversion.file(split)
          let ids = try file.tensor("id").integers
          // The rows agree with the ids.
          #expect(try file.tensor("big-i2").floats == ids.flatMap { Self.ramp[$0 * 6..<$0 * 6 + 6] })
          return ids
        }
      }
      let first = try ids(1)
      #expect(first.map(\.count) == [2, 1, 1] && first.joined().sorted() == [0, 1, 2, 3])
      #expect(try ids(1) == first)
      #expect(try (2..<8).contains { try ids($0) != first })
    }
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let mentions: [String]
    var file = "conversion/little-f4.npy"
    var ending = "npy"
    let breaking: @Sendable (inout [UInt8]) -> Void
    var testDescription: String { name }
  }

  static func header(_ text: String, data: Int) -> [UInt8] {
    [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8)
      + Array(repeating: 0, count: data)
  }

  static let cases: [Case] = [
    Case(name: "objects", mentions: ["Python objects", "np.stack"], file: "conversion/objects.npy") { _ in },
    Case(name: "cut off data", mentions: ["does not fit", "<f4 [4, 2, 3]"]) { $0.removeLast(4) },
    Case(name: "cut off header", mentions: ["cut off"]) { $0 = Array($0[..<40]) },
    Case(name: "version 9", mentions: ["version", "9"]) { $0[6] = 9 },
    Case(name: "no header", mentions: ["not understood"]) { $0[10] = 0x58 },
    Case(name: "a call in the header", mentions: ["not understood", "__import__"]) {
      $0 = header("{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,)}", data: 4)
    },
    Case(name: "a structure", mentions: ["not understood"]) {
      $0 = header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", data: 4)
    },
    Case(name: "complex numbers", mentions: ["c8"]) {
      $0 = header("{'descr': '<c8', 'fortran_order': False, 'shape': (1,2)}", data: 16)
    },
    Case(name: "an enormous shape", mentions: ["does not fit"]) {
      $0 = header("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", data: 16)
    },
    Case(name: "a number beyond 64 bits", mentions: ["not understood"]) {
      $0 = header("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", data: 16)
    },
    Case(name: "samples without numbers", mentions: ["modality"]) {
      $0 = header("{'descr': '<f4', 'fortran_order': False, 'shape': (4, 0)}", data: 0)
    },
    Case(name: "no samples", mentions: ["no samples"]) {
      $0 = header("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4)}", data: 0)
    },
    Case(name: "a cut off archive", mentions: ["archive is broken"], file: "conversion/stored.npz", ending: "npz") {
      $0 = Array($0[..<2000])
    },
    Case(
      name: "a broken checksum", mentions: ["compressed array is broken"], file: "conversion/deflated.npz",
      ending: "npz"
    ) {
      // This is the CRC in the first entry of the directory.
      let signature: [UInt8] = [0x50, 0x4B, 1, 2]
      var entry = 0
      while Array($0[entry..<entry + 4]) != signature { entry += 1 }
      $0[entry + 16] ^= 1
    },
    Case(name: "gzip", mentions: ["gunzip"], ending: "gz") { $0 = [0x1F, 0x8B, 8, 0] },
    Case(name: "an unknown format", mentions: ["unknown", ".pkl"], ending: "dat") { $0 = Array("hello".utf8) },
    Case(name: "nothing", mentions: ["empty"], ending: "pkl") { $0 = [] },
  ]

  @Test(arguments: cases) func brokenFiles(broken: Case) throws {
    var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: fixture(broken.file))))
    broken.breaking(&bytes)
    try withTemporaryFolder { folder in
      let path = try Converting.write(bytes, "broken.\(broken.ending)", in: folder)
      guard let fault = try Converting.fault([path], in: folder) else { return }
      for word in broken.mentions { #expect(fault.words.contains(word), "\(word) is not in: \(fault.words)") }
    }
  }

  /// The reader refuses or reads archives with a wrong byte, and never ends the process.
  @Test(arguments: ["stored", "deflated"]) func wrongBytes(name: String) throws {
    let whole = Array(try Data(contentsOf: URL(fileURLWithPath: fixture("conversion/\(name).npz"))))
    var generator = SplitMix64(state: 3)
    try withTemporaryFolder { folder in
      for _ in 0..<300 {
        var bytes = whole
        for _ in 0..<2 {
          bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
        }
        let path = try Converting.write(bytes, "wrong.npz", in: folder)
        do { _ = try Converting([path], in: folder) } catch { #expect(error is Fault, "\(error)") }
      }
    }
  }
}
