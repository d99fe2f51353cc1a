import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyConversion

/// Aligns computational sequences of h5py (Tools/make-sequence-fixtures.py), whose alignment by the SDK's rule is known.
@Suite(.enabled(if: HDF5Library.isAvailable, "libhdf5 is not installed"))
struct SequenceConversionTests {
  /// A sample of the golden alignment. A number that is null belongs to a step without an entry.
  struct Sample: Decodable {
    var id: String
    var target: Float
    var steps: [String: [[Float?]]]
  }

  static func inputs(_ names: String...) -> [String] { names.map { "\($0)=\(fixture("conversion/\($0).csd"))" } }
  static let all = inputs("words", "audio", "vision", "labels")

  @Test(arguments: [nil, "words", "labels", "audio"]) func alignsByTheRuleOfTheSDK(pivot: String?) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: fixture("conversion/sequences.json")))
    let golden = try #require(try JSONDecoder().decode([String: [Sample]].self, from: data)[pivot ?? "words"])
    try withTemporaryFolder { folder in
      // Words are texts, so they are given only where they are the steps.
      let inputs = pivot == "labels" || pivot == "audio" ? Array(Self.all.dropFirst()) : Self.all
      let conversion = try Converting(inputs, in: folder) {
        ($0.align, $0.target, $0.ratios) = (pivot, "labels", [1, 0, 0])
      }
      let train = try conversion.file("train")
      let names = try JSONDecoder().decode(
        [String].self, from: Data(contentsOf: URL(fileURLWithPath: conversion.folder + "/ids.json")))
      #expect(try train.tensor("id").integers.map { names[$0] } == golden.map(\.id))
      #expect(try train.tensor("target").floats == golden.map(\.target))
      #expect(conversion.report.description.modalities.map(\.name) == ["audio", "vision"])
      for modality in conversion.report.description.modalities {
        let steps = golden.map { $0.steps[modality.name] ?? [] }
        #expect(try train.tensor("\(modality.name).length").integers == steps.map(\.count))
        #expect(modality.length == steps.map(\.count).max())
        #expect((modality.missingCells != nil) == steps.joined().joined().contains(nil))
        let found = try train.tensor(modality.name).floats
        let width = modality.steps * (modality.features ?? 0)
        for (place, sample) in steps.enumerated() {
          let numbers = sample.flatMap(\.self)
          let own = found[place * width..<(place + 1) * width]
          for (a, b) in zip(own, numbers) {
            #expect(b == nil ? a.isNaN : abs(a - (b ?? 0)) < 1e-6, "\(golden[place].id) \(modality.name)")
          }
          #expect(own.dropFirst(numbers.count).allSatisfy { $0 == 0 })
        }
      }
      let notes = conversion.report.notes.joined(separator: "\n")
      for word in ["1 videos are not in all sequences, and left out: zhpQhgha_KU", "2 segments of no duration"] {
        #expect(notes.contains(word), "\(word) is not in: \(notes)")
      }
      _ = try DatasetInspection(try Dataset(conversion.folder))
    }
  }

  /// Without a text among the sequences, each keeps its own entries. Segments of a video stay together.
  @Test func segmentsOfAVideoStayInOneSplit() throws {
    try withTemporaryFolder { folder in
      let conversion = try Converting(Self.inputs("audio", "labels"), in: folder)
      #expect(conversion.report.splits.map(\.samples) == [2, 2, 2])
      let notes = conversion.report.notes.joined(separator: "\n")
      for word in ["the entries of each sequence in them are the steps", "no group of video_id is in two splits"] {
        #expect(notes.contains(word), "\(word) is not in: \(notes)")
      }
    }
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let inputs: [String]
    var align: String?
    var target: String? = "labels"
    let mentions: [String]
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(
      name: "words alone", inputs: inputs("words", "labels"), mentions: ["words.csd", "texts", "encoder", "audio="]),
    Case(
      name: "words without use", inputs: all, align: "labels", mentions: ["--input words", "texts", "--align words"]),
    Case(name: "an unknown pivot", inputs: all, align: "word", mentions: ["--align", "did you mean `words`"]),
    Case(name: "an unknown target", inputs: all, target: "label", mentions: ["--target", "did you mean `labels`"]),
    Case(
      name: "no target", inputs: inputs("words", "audio"), target: nil, mentions: ["--target", "words, audio"]),
    Case(name: "texts as targets", inputs: all, target: "words", mentions: ["--target words", "texts"]),
    Case(name: "no modality", inputs: inputs("labels"), mentions: ["no sequence can be a modality", "labels"]),
    Case(
      name: "a file for a split", inputs: ["audio.train=\(fixture("conversion/audio.csd"))"],
      mentions: ["for all splits", "NAME=FILE"]),
    Case(
      name: "another file beside them", inputs: inputs("audio") + ["labels=\(fixture("conversion/splits.h5"))"],
      mentions: ["splits.h5", "no computational sequence"]),
    Case(
      name: "a sequence without a name", inputs: [fixture("conversion/audio.csd")],
      mentions: ["CMU-MultimodalSDK", "--input audio=AUDIO.csd"]),
    Case(
      name: "a pivot for other files", inputs: [fixture("conversion/splits.h5")], align: "words",
      mentions: ["--align", "only computational sequences"]),
  ]

  @Test(arguments: cases) func refuses(wrong: Case) throws {
    try withTemporaryFolder { folder in
      let fault = try Converting.fault(wrong.inputs, in: folder) { ($0.align, $0.target) = (wrong.align, wrong.target) }
      guard let fault else { return }
      for word in wrong.mentions { #expect(fault.words.contains(word), "\(word) is not in: \(fault.words)") }
    }
  }

  /// A file that is cut off ends in a fault. Wrong bytes within are the library's business.
  @Test func filesThatAreCutOffEndInFaults() throws {
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: fixture("conversion/audio.csd"))))
    try withTemporaryFolder { folder in
      for count in stride(from: 8, to: bytes.count, by: 997) {
        let path = try Converting.write(Array(bytes[..<count]), "audio.csd", in: folder)
        let fault = try Converting.fault(["audio=\(path)"] + Self.inputs("labels"), in: folder)
        #expect(fault?.kind == .badData && fault?.file == path, "\(fault?.words ?? "")")
      }
    }
  }
}

/// The rule for overlapping times, without files.
@Suite struct TimedEntriesTests {
  /// The search gives what a look at every entry gives, whatever the order and the lengths.
  @Test func theSearchFindsEveryOverlap() {
    var state: UInt64 = 7
    func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1
      return Double(state >> 40) / Double(1 << 24)
    }
    for _ in 0..<200 {
      let intervals = (0..<12).map { _ in
        let start = (next() * 8).rounded() / 2
        return TimedEntries.Interval(start: start, end: start + (next() * 4).rounded() / 2)
      }
      let entries = TimedEntries(intervals)
      let start = (next() * 8).rounded() / 2
      let wanted = TimedEntries.Interval(start: start, end: start + next() * 2)
      let found = entries.overlapping(wanted).map { entries.places[$0] }
      let expected = intervals.indices.filter { index in
        min(intervals[index].end, wanted.end) - max(intervals[index].start, wanted.start) > TimedEntries.epsilon
      }
      #expect(found.sorted() == expected)
      #expect(found.map { intervals[$0].start } == found.map { intervals[$0].start }.sorted())
    }
  }

  @Test func timesThatTouchDoNotOverlap() {
    let entries = TimedEntries([.init(start: 1, end: 2), .init(start: 2, end: 2.00002), .init(start: 2.00002, end: 3)])
    #expect(entries.overlapping(.init(start: 0, end: 1)) == [])
    #expect(entries.overlapping(.init(start: 0, end: 1.000009)) == [])
    #expect(entries.overlapping(.init(start: 0, end: 1.00002)) == [0])
    #expect(entries.overlapping(.init(start: 2, end: 2.5)) == [1, 2])
    #expect(TimedEntries.Interval(start: 2, end: 2.000009).isEmpty)
  }
}
