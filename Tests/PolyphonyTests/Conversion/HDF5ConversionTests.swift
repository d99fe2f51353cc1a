import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyConversion

/// Reads HDF5 files of h5py (Tools/make-hdf5-fixtures.py) through the system's library.
@Suite(.enabled(if: HDF5Library.isAvailable, "libhdf5 is not installed"))
struct HDF5ConversionTests {
  static func ramp(_ count: Int, _ step: Float = 1, _ start: Float = 0) -> [Float] {
    (0..<count).map { start + Float($0) * step }
  }

  static func path(_ name: String) -> String { fixture("conversion/\(name).h5") }

  @Test func arraysOfEveryTypeAtAnyDepth() throws {
    try withTemporaryFolder { folder in
      let conversion = try Converting([Self.path("nested")], in: folder) {
        $0.ratios = [1, 0, 0]
        $0.target = "/labels"
        $0.id = "/names"
      }
      let description = conversion.report.description
      var expected: [Modality] = [
        .vector("audio", features: 4), .sequence("text", features: 5, length: 3), .vector("half", features: 2),
        .image("picture", channels: 1, height: 2, width: 3), .vector("signed", features: 2),
        .vector("truth", features: 2),
      ]
      expected[2].missingCells = .mean
      #expect(description.modalities == expected)
      #expect(description.task == PredictionTask(kind: .classification, classes: 2))
      let train = try conversion.file("train")
      #expect(try train.tensor("text").floats == Self.ramp(120, 0.25))
      #expect(try train.tensor("audio").floats == Self.ramp(32, -0.5))
      #expect(try train.tensor("picture").floats == Self.ramp(48))
      #expect(try train.tensor("signed").floats == Self.ramp(16, 1, -8))
      #expect(try train.tensor("truth").floats == (0..<16).map { $0 % 3 == 0 ? 1 : 0 })
      var half = Self.ramp(16, 0.5)
      (half[7], half[8]) = (0, 0)
      let found = try train.tensor("half").floats
      #expect(found[8].isNaN && found.map { $0.isNaN ? 0 : $0 } == half)
      #expect(try train.tensor("target").integers == [0, 1, 0, 1, 0, 1, 0, 1])
      let names = try JSONDecoder().decode(
        [String].self, from: Data(contentsOf: URL(fileURLWithPath: conversion.folder + "/ids.json")))
      #expect(names == (0..<8).map { "sample \($0) é" })
      let notes = conversion.report.notes.joined(separator: "\n")
      #expect(
        notes.contains("1 × −∞ in half") && notes.contains("1 missing cell (6.3 %) in half")
          && notes.contains("2 links to other places"), "\(notes)")
      _ = try Dataset(conversion.folder).labelled("train")
    }
  }

  @Test func pathsAreChosen() throws {
    try withTemporaryFolder { folder in
      let conversion = try Converting([Self.path("nested")], in: folder) {
        $0.target = "labels"
        $0.modalities = try ["words=/group/text", "/group/deep/audio", "half"].map { try .init(parsing: $0) }
      }
      #expect(conversion.report.description.modalities.map(\.name) == ["words", "audio", "half"])
      // A seeded partition separates rows, so that reads have gaps.
      for split in ["train", "valid", "test"] {
        let file = try conversion.file(split)
        let rows = try file.tensor("id").integers
        #expect(try file.tensor("words").floats == rows.flatMap { Self.ramp(15, 0.25, Float($0) * 3.75) })
      }
    }
  }

  @Test func groupsAreSplits() throws {
    try withTemporaryFolder { folder in
      let conversion = try Converting([Self.path("splits")], in: folder)
      #expect(conversion.report.splits.map(\.name) == ["train", "valid", "test"])
      #expect(conversion.report.splits.map(\.samples) == [4, 3, 2])
      #expect(conversion.report.description.task.kind == .regression)
      #expect(try conversion.file("valid").tensor("text").floats == Self.ramp(18, 1, 3))
      #expect(try conversion.file("train").tensor("text.length").integers == [1, 2, 1, 2])
      #expect(try conversion.file("test").tensor("target").floats == [-1, 1])
    }
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let file: String
    let mentions: [String]
    var modality: String?
    var breaking: @Sendable (inout [UInt8]) -> Void = { _ in }
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(
      name: "a computational sequence", file: "sequence",
      mentions: ["CMU-MultimodalSDK", "/glove_vectors/data", "--input labels=LABELS.csd"]),
    Case(name: "a group in itself", file: "many", mentions: ["nest too deep"]),
    Case(name: "a filter that is not there", file: "plugin", mentions: ["/text", "filter", "h5repack"]),
    Case(name: "cut off", file: "nested", mentions: ["cannot be opened", "truncated"]) { $0.removeLast(1000) },
    Case(name: "the first bytes alone", file: "nested", mentions: ["cannot be opened"]) { $0 = Array($0[..<8]) },
    Case(name: "virtual", file: "nested", mentions: ["virtual", "other files"], modality: "x=/virtual"),
    Case(name: "external", file: "nested", mentions: ["external", "other files"], modality: "x=/external"),
    Case(name: "unwritten", file: "nested", mentions: ["nothing was ever written"], modality: "x=/unwritten"),
    Case(name: "records", file: "nested", mentions: ["records"], modality: "x=records"),
    Case(name: "complex numbers", file: "nested", mentions: ["records"], modality: "x=complex"),
    Case(name: "one value", file: "nested", mentions: ["a single value"], modality: "scale"),
    Case(name: "texts", file: "nested", mentions: ["8 texts"], modality: "x=fixed"),
    Case(name: "a link out of the file", file: "nested", mentions: ["no such key"], modality: "x=/outside"),
    Case(name: "a misspelt path", file: "nested", mentions: ["did you mean `group/text`"], modality: "x=/group/tex"),
  ]

  @Test(arguments: cases) func refuses(wrong: Case) throws {
    var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: Self.path(wrong.file))))
    wrong.breaking(&bytes)
    try withTemporaryFolder { folder in
      let path = try Converting.write(bytes, "wrong.h5", in: folder)
      let fault = try Converting.fault([path], in: folder) {
        if let modality = wrong.modality { $0.modalities = [try .init(parsing: modality)] }
      }
      guard let fault else { return }
      #expect(fault.kind == .badData || fault.kind == .usage)
      for word in wrong.mentions { #expect(fault.words.contains(word), "\(word) is not in: \(fault.words)") }
    }
  }

  /// Conversions run at the same time. The threads call the library's functions one after another.
  @Test func sideBySide() async throws {
    let first = try await withThrowingTaskGroup(of: [Float].self) { group in
      for _ in 0..<8 {
        group.addTask {
          try withTemporaryFolder { folder in
            let conversion = try Converting([Self.path("splits")], in: folder)
            return try conversion.file("train").tensor("text").floats
          }
        }
      }
      var results: [[Float]] = []
      for try await result in group { results.append(result) }
      return results
    }
    #expect(first == Array(repeating: Self.ramp(24, 1, 4), count: 8))
  }
}

/// The parts of reading that work without the library.
@Suite struct HDF5BoundaryTests {
  /// Every range of a small array equals the elements of its boxes, in their order.
  @Test(arguments: [[7], [3, 4], [2, 3, 4], [2, 1, 3, 2], [4, 1, 1]]) func boxesHoldTheirRange(shape: [Int]) {
    let count = shape.reduce(1, *)
    for start in 0..<count {
      for end in start...count {
        let boxes = ArrayBox.boxes(start..<end, of: shape[...])
        #expect(boxes.flatMap { Self.places($0, shape) } == Array(start..<end))
        #expect(boxes.count <= 2 * shape.count - 1)
      }
    }
    #expect(ArrayBox.boxes(0..<count, of: shape[...]).count == 1)
  }

  /// The offsets of a box's elements, with the last index fastest.
  static func places(_ box: ArrayBox, _ shape: [Int]) -> [Int] {
    var places = [0]
    for (dimension, extent) in shape.enumerated() {
      places = places.flatMap { place in
        (0..<box.count[dimension]).map { place * extent + box.start[dimension] + $0 }
      }
    }
    return places
  }

  @Test func withoutTheLibrary() throws {
    try withTemporaryFolder { folder in
      let outcome = try Program.run(
        ["data", "convert", "--input", fixture("conversion/splits.h5"), "--output", "\(folder)/out"],
        environment: ["LIBHDF5": "/nowhere/libhdf5.so", "LIBTORCH": "/nowhere"])
      #expect(outcome.code == 70)
      for word in ["splits.h5", "not installed", "LIBHDF5", "apt install libhdf5", "brew install hdf5", "np.savez"] {
        #expect(outcome.errors.contains(word), "\(word) is not in: \(outcome.errors)")
      }
      // This file is another library.
      #if os(Linux)
        let other = try Program.run(
          ["data", "convert", "--input", fixture("conversion/splits.h5"), "--output", "\(folder)/out"],
          environment: ["LIBHDF5": "libm.so.6"])
        #expect(other.code == 70 && other.errors.contains("no HDF5 library"), "\(other.errors)")
      #endif
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/out"))
    }
  }
}
