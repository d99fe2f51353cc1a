import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonySupport

/// Checks of a large file are remembered, and no memory of them changes a result. Here every file counts as large.
@Suite struct SplitStampTests {
  private static let modalities: [Modality] = [
    .sequence("motion", features: 4, length: 5), .vector("force", features: 3),
  ]

  /// A training split of 40 samples with short and missing ones, in a type of number.
  private static func write(_ folder: String, _ type: DType = .float32, hasHash: Bool = true) throws {
    let generator = Generator(seed: 5)
    let inputs = Inputs(
      [.normal([40, 5, 4], generator: generator).to(type), .normal([40, 3], generator: generator).to(type)],
      lengths: [Tensor((0..<40).map { 1 + $0 % 5 }), nil],
      presence: Tensor((0..<80).map { $0 % 7 != 0 }, shape: [40, 2]))
    let description = DatasetDescription(
      name: "hand", task: PredictionTask(kind: .regression), modalities: modalities)
    let target = Tensor.normal([40, 1], generator: generator)
    try DatasetWriter.write(description, [.init("train", inputs, target: target)], to: folder)
    guard !hasHash else { return }
    var written = try Dataset(folder).description
    written.splits["train"]?.sha256 = nil
    try JSONFile.write(written, to: "\(folder)/dataset.json")
  }

  private static func large(_ body: () throws -> Void) throws {
    try SplitStamp.$rule.withValue(SplitStamp.Rule(size: 0, rest: 0), operation: body)
  }

  /// All that a training takes from a split.
  private struct Findings: Equatable {
    var rows: [[Float]]
    var hashes: [String: String]
    var statistics: [String: FeatureStatistics]

    init(_ folder: String) throws {
      let split = try Dataset(folder).labelled("train")
      let batch = split.batch([7, 0, 39, 7, 8])
      rows = (batch.inputs.modalities + [batch.target]).map(\.floats)
      hashes = split.hashes(modalities)
      statistics = FeatureStatistics.fit(split.samples, modalities)
    }
  }

  private static func isKnown(_ folder: String) -> Bool {
    let stamp = SplitStamp(of: "\(folder)/train.safetensors")
    return modalities.allSatisfy {
      stamp.known($0.name, \.isFinite) == true && stamp.known($0.name, \.sha256) != nil
        && stamp.known($0.name, \.statistics) != nil
    }
  }

  @Test(arguments: [DType.float32, .float16, .bfloat16])
  func aStampChangesNoResult(type: DType) throws {
    try withTemporaryFolder { folder in
      try Self.write(folder + "/hand", type)
      let plain = try Findings(folder + "/hand")
      #expect(try names(in: folder + "/hand") == ["dataset.json", "train.safetensors"])
      try Self.large { () throws in
        for _ in 0..<2 {
          #expect(try Findings(folder + "/hand") == plain)
          #expect(Self.isKnown(folder + "/hand"))
        }
        let again = try Dataset.$checksAnew.withValue(true) { () throws in try Findings(folder + "/hand") }
        #expect(again == plain)
      }
      // Numbers of a narrow type have the hashes and the statistics of the same numbers in f32.
      let samples = try Dataset(folder + "/hand").unlabelled("train")
      #expect(samples.stored.modalities.allSatisfy { $0.dtype == type })
      let wide = UnlabelledSplit(name: "train", inputs: samples.inputs)
      #expect(wide.inputs.modalities.allSatisfy { $0.dtype == .float32 })
      #expect(FeatureStatistics.fit(wide, Self.modalities) == plain.statistics)
      for (key, hash) in wide.hashes(Self.modalities) { #expect(plain.hashes[key] == hash, "\(key)") }
      #expect(wide.rows([7, 0]).modalities.map(\.floats) == samples.rows([7, 0]).modalities.map(\.floats))
      #expect(samples.subset([3]).inputs.modalities.allSatisfy { $0.dtype == .float32 })
    }
  }

  /// What may stand in the place of a stamp, or happen to its file.
  enum Change: CaseIterable {
    case noJSON, lostBit, newerVersion, anotherFile, changedFile, newFile
  }

  @Test(arguments: Change.allCases) func aStampThatDoesNotFitIsNotUsed(change: Change) throws {
    try withTemporaryFolder { folder in
      let (data, other) = (folder + "/hand", folder + "/other")
      try Self.write(data)
      try Self.write(other)
      try Self.large { () throws in
        let before = try Findings(data)
        _ = try Findings(other)
        let file = "\(data)/train.safetensors"
        let stamp = file + SplitStamp.ending
        let content = try #require(text(of: stamp))
        switch change {
        case .noJSON: try "{".write(toFile: stamp, atomically: false, encoding: .utf8)
        case .lostBit:
          try content.replacingOccurrences(of: "\"isFinite\" : true", with: "\"isFinite\" : false")
            .write(toFile: stamp, atomically: false, encoding: .utf8)
        case .newerVersion:
          try content.replacingOccurrences(of: "\"version\" : 1", with: "\"version\" : 2")
            .write(toFile: stamp, atomically: false, encoding: .utf8)
        case .anotherFile:
          let foreign = try #require(text(of: "\(other)/train.safetensors.checked"))
          try foreign.write(toFile: stamp, atomically: false, encoding: .utf8)
        case .changedFile:
          // The same bytes again, until the clock of the file system has moved on.
          let (bytes, signature) = (try Data(contentsOf: URL(fileURLWithPath: file)), FileSignature(file))
          repeat { try bytes.write(to: URL(fileURLWithPath: file)) } while FileSignature(file) == signature
        case .newFile:
          try FileManager.default.copyItem(atPath: file, toPath: file + ".copy")
          try FileManager.default.removeItem(atPath: file)
          try FileManager.default.moveItem(atPath: file + ".copy", toPath: file)
        }
        #expect(!Self.isKnown(data))
        #expect(try Findings(data) == before)
        #expect(Self.isKnown(data))
      }
    }
  }

  /// A disk that loses bits changes no time of the file, so a stamp goes on to vouch for it.
  @Test func verifyFindsWhatAStampCannotKnow() throws {
    try withTemporaryFolder { folder in
      let data = folder + "/hand"
      try Self.write(data, hasHash: false)
      let file = "\(data)/train.safetensors"
      let place = try #require(SafetensorsFile(path: file)["force"]).range.lowerBound
      let handle = try #require(FileHandle(forUpdatingAtPath: file))
      try handle.seek(toOffset: UInt64(place))
      try handle.write(contentsOf: withUnsafeBytes(of: Float.nan) { Data($0) })
      try handle.close()
      try Self.large { () throws in
        let stamp = SplitStamp(of: file)
        for modality in Self.modalities { stamp.remember(modality.name, \.isFinite, true) }
        stamp.save()
        _ = try Dataset(data).labelled("train")
        let fault = expectFault(.badData) {
          _ = try Dataset.$checksAnew.withValue(true) { () throws in try Dataset(data).labelled("train") }
        }
        #expect(fault?.key == "force" && fault?.found == "nan in sample 0")
        // No later command believes the old stamp.
        expectFault(.badData) { _ = try Dataset(data).labelled("train") }
      }
    }
  }

  @Test func aStampThatCannotBeWrittenIsNoFault() throws {
    try withTemporaryFolder { folder in
      try Self.write(folder + "/hand")
      let plain = try Findings(folder + "/hand")
      let place = "\(folder)/hand/train.safetensors.checked"
      try FileManager.default.createDirectory(atPath: place + "/full", withIntermediateDirectories: true)
      try Self.large { () throws in #expect(try Findings(folder + "/hand") == plain) }
      #expect(try names(in: place) == ["full"])
    }
  }

  /// A new data set takes the place of one with stamps, and has none of the old ones.
  @Test func stampsAreFilesOfTheirDataSet() throws {
    try withTemporaryFolder { folder in
      try Self.write(folder + "/hand")
      try Self.large { _ = try Findings(folder + "/hand") }
      #expect(try names(in: folder + "/hand").contains("train.safetensors.checked"))
      try Self.write(folder + "/hand", .float16)
      #expect(try names(in: folder + "/hand") == ["dataset.json", "train.safetensors"])
    }
  }

  /// Memory that is given back comes from the file again.
  @Test func pagesComeAndGo() throws {
    try withTemporaryFolder { folder in
      try Self.write(folder + "/hand")
      try Self.large { () throws in
        let split = try Dataset(folder + "/hand").unlabelled("train")
        let before = split.inputs.modalities.map(\.floats)
        let source = try #require(split.source)
        for _ in 0..<2 {
          source.didRead(10_000_000)
          for modality in 0..<2 { source.forget(modality, 0..<40) }
          #expect(split.inputs.modalities.map(\.floats) == before)
        }
      }
    }
  }
}
