import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyConversion

/// Reads MAT-files of SciPy and of hand (Tools/make-matlab-fixtures.py).
@Suite struct MatlabConversionTests {
  static func path(_ name: String) -> String { fixture("conversion/\(name).mat") }
  static func ramp(_ count: Int, _ step: Float = 1, _ start: Float = 0) -> [Float] {
    (0..<count).map { start + Float($0) * step }
  }

  @Test(arguments: ["plain", "compressed"]) func arraysOfEveryType(name: String) throws {
    try withTemporaryFolder { folder in
      let conversion = try Converting([Self.path(name)], in: folder) {
        $0.ratios = [1, 0, 0]
        ($0.target, $0.id) = ("mood", "names")
      }
      #expect(
        conversion.report.description.modalities == [
          .sequence("text", features: 5, length: 3), .vector("audio", features: 4),
          .image("picture", channels: 1, height: 2, width: 3), .vector("signed", features: 2),
          .vector("truth", features: 2), .vector("single", features: 1),
        ])
      #expect(conversion.report.description.task.labels == ["calm", "stress", "ärger"])
      let train = try conversion.file("train")
      #expect(try train.tensor("text").floats == Self.ramp(120, 0.25))
      #expect(try train.tensor("audio").floats == Self.ramp(32, -0.5))
      #expect(try train.tensor("picture").floats == Self.ramp(48))
      #expect(try train.tensor("signed").floats == Self.ramp(16, 1, -8))
      #expect(try train.tensor("truth").floats == (0..<16).map { $0 % 3 == 0 ? 1 : 0 })
      #expect(try train.tensor("target").integers == (0..<8).map { $0 % 3 })
      let names = try JSONDecoder().decode(
        [String].self, from: Data(contentsOf: URL(fileURLWithPath: conversion.folder + "/ids.json")))
      #expect(names == (0..<7).map { "s\($0)" } + ["sample"])
      let notes = conversion.report.notes.joined(separator: "\n")
      #expect(notes.contains("left out: rate, y, whole, record, waves, thin, lists, nothing"), "\(notes)")
    }
  }

  /// A row `[1, N]` is a list of N targets.
  @Test func rowsAreLists() throws {
    try withTemporaryFolder { folder in
      let conversion = try Converting([Self.path("plain")], in: folder) { $0.ratios = [1, 0, 0] }
      #expect(conversion.report.description.task.kind == .regression)
      let found = try conversion.file("train").tensor("target").floats
      #expect(zip(found, (0..<8).map { -1 + Float($0) * 2 / 7 }).allSatisfy { abs($0 - $1) < 1e-6 })
      let whole = try Converting([Self.path("plain")], in: folder) { ($0.ratios, $0.target) = ([1, 0, 0], "whole") }
      #expect(whole.report.description.task == PredictionTask(kind: .classification, classes: 2))
    }
  }

  /// Big-endian order, doubles that MATLAB stores as bytes, and a name in a small element.
  @Test func bigEndianFiles() throws {
    try withTemporaryFolder { folder in
      let conversion = try Converting([Self.path("big")], in: folder) {
        ($0.ratios, $0.task) = ([1, 0, 0], .classification)
      }
      let train = try conversion.file("train")
      #expect(try train.tensor("text").floats == Self.ramp(24))
      #expect(try train.tensor("wave").floats == Self.ramp(8, 0.5))
      #expect(try train.tensor("target").integers == [3, 0, 2, 1])
      #expect(conversion.report.description.task.labels == ["-1", "0", "2", "3"])
    }
  }

  @Test(.enabled(if: HDF5Library.isAvailable, "libhdf5 is not installed")) func version73() throws {
    try withTemporaryFolder { folder in
      let conversion = try Converting([Self.path("seven")], in: folder) { ($0.ratios, $0.id) = ([1, 0, 0], "names") }
      let train = try conversion.file("train")
      #expect(conversion.report.description.modalities.map(\.name) == ["text", "audio", "deep"])
      #expect(try train.tensor("text").floats == Self.ramp(120, 0.25))
      #expect(try train.tensor("audio").floats == Self.ramp(32, -0.5))
      #expect(try train.tensor("deep").floats == Self.ramp(16))
      #expect(try train.tensor("target").floats.first == -1)
      let names = try JSONDecoder().decode(
        [String].self, from: Data(contentsOf: URL(fileURLWithPath: conversion.folder + "/ids.json")))
      #expect(names == (0..<8).map { "s\($0)" })
      let fault = try Converting.fault([Self.path("seven")], in: folder + "/..") { $0.target = "cells" }
      #expect(fault?.words.contains("cells") == true, "\(fault?.words ?? "")")
    }
  }

  @Test(
    arguments: [
      ("record", "-struct"), ("waves", "complex numbers"), ("thin", "full(thin)"), ("lists", "cell array"),
      ("nothing", "empty"), ("rate", "single number"), ("names", "8 texts"),
    ])
  func whatCannotBeAModalityIsNamed(key: String, word: String) throws {
    try withTemporaryFolder { folder in
      let fault = try Converting.fault([Self.path("plain")], in: folder) {
        $0.modalities = [try .init(parsing: "x=\(key)")]
      }
      #expect(fault?.words.contains(word) == true, "\(fault?.words ?? "")")
    }
  }

  @Test func otherVersionsAndCutOffFiles() throws {
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: Self.path("plain"))))
    let cases: [([UInt8], [String])] = [
      ([0, 0, 0, 0, 8, 0, 0, 0, 2, 0, 0, 0], ["format is unknown", "-v7"]),
      (Array(bytes[..<100]), ["100 bytes", "128"]),
      (Array(bytes[..<128]), ["no variables"]),
      (Array(bytes[..<700]), ["byte 192", "broken"]),
      (Array(bytes[..<131]), ["byte 128", "broken"]),
    ]
    try withTemporaryFolder { folder in
      for (content, words) in cases {
        let path = try Converting.write(content, "wrong.mat", in: folder)
        let fault = try Converting.fault([path], in: folder)
        #expect(fault?.kind == .badData)
        for word in words { #expect(fault?.words.contains(word) == true, "\(word) is not in: \(fault?.words ?? "")") }
      }
    }
  }

  /// An array of 600 million rows without columns takes no memory.
  @Test func rowsWithoutCharactersAreNone() {
    #expect(MatlabText.rows([], [654_311_430, 0])?.isEmpty == true)
    #expect(MatlabText.rows([0x61, 0x62], [2, 1]) == ["a", "b"])
  }

  /// Every byte of a file is changed in turn. Sizes that lie end in a fault or in another column, without a trap and
  /// without memory that the file does not need.
  @Test(arguments: ["plain", "compressed", "big"]) func liesEndInFaults(name: String) throws {
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: Self.path(name))))
    try withTemporaryFolder { folder in
      var faults = 0
      for place in 124..<bytes.count {
        var broken = bytes
        broken[place] ^= place % 2 == 0 ? 0xFF : 0x80
        let file = try RandomAccessFile(try Converting.write(broken, "wrong.mat", in: folder))
        do {
          let table = try MatlabSource.read(file, scratch: try ScratchFile(in: folder))
          for column in table.parts.flatMap(\.columns) { _ = try column.column.words() }
        } catch let fault as Fault {
          #expect(fault.kind == .badData, "\(fault.words)")
          faults += 1
        }
      }
      #expect(faults > 50)
    }
  }
}
