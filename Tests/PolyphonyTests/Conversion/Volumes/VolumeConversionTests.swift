import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyConversion

/// Makes data sets of small volumes.
@Suite struct VolumeConversionTests {
  /// The inputs of one patient's files.
  static func inputs(_ folder: String) -> [String] {
    ["flair=\(folder)/p1_flair.nii.gz", "t1=\(folder)/p1_t1.nii.gz", "mask=\(folder)/p1_mask.nii.gz"]
  }

  /// Slices, pictures, intensities, targets and geometry of one patient.
  @Test func onePatientIsBlocksOfSlices() throws {
    try withTemporaryFolder { folder in
      let volumes = SmallVolumes()
      try volumes.writePatient("p1", in: folder, mask: "mask")
      let conversion = try Converting(Self.inputs(folder), in: folder) { $0.target = "mask" }
      let report = conversion.report
      #expect(report.description.task == PredictionTask(kind: .segmentation, classes: 2))
      #expect(report.description.modalities.map(\.name) == ["flair", "t1"])
      // The brain has 6 columns and 8 rows.
      #expect(report.description.modalities.allSatisfy { $0.sampleShape == [1, 8, 8] })
      #expect(report.description.modalities[0].slices == SliceRecord(contrast: "flair", spacing: [2, 1, 1]))
      #expect(report.splits.map(\.samples) == [3, 1, 1] && report.splits.map(\.name) == ["train", "valid", "test"])
      #expect(report.notes.contains { $0.hasPrefix("warning: train, valid and test are blocks of slices") })
      let data = try Dataset(conversion.folder)
      let splits = try ["train", "valid", "test"].map { try data.labelled($0) }
      // The lowest slice has no brain.
      #expect(splits.map { $0.volumes?.slice ?? [] } == [[1, 2, 3], [4], [5]])
      #expect(splits[0].volumes?.groups.first?.spacing == [2, 1, 1])
      #expect(try data.sampleNames() == (1..<6).map { "p1/\($0)" })
      let brain = volumes.image(0).filter { $0 != 0 }.map(Double.init)
      let mean = brain.reduce(0, +) / Double(brain.count)
      let deviation = (brain.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(brain.count)).squareRoot()
      let picture = splits[0].samples.inputs.modalities[0][1].floats
      let target = splits[0].target[1].integers
      for row in 0..<8 {
        for column in 0..<8 {
          // Anterior is on top, and the patient's left on the right, where the file's first index is greatest (LAS).
          let place = (9 - row) * 10 + (column + 1) + 2 * 120
          let value = Double(volumes.image(0)[place])
          let expected = value == 0 ? 0 : (value - mean) / deviation
          #expect(abs(Double(picture[row * 8 + column]) - expected) < 1e-5, "row \(row), column \(column)")
          #expect(target[row * 8 + column] == Int(volumes.mask()[place]))
        }
      }
    }
  }

  /// The order of the axes in the file changes nothing.
  @Test func picturesDoNotDependOnTheOrderOfTheFile() throws {
    try withTemporaryFolder { folder in
      var pictures: [[Float]] = []
      for (index, signs) in [[-1.0, 1, 1], [1, 1, 1], [1, -1, -1]].enumerated() {
        var volumes = SmallVolumes()
        volumes.signs = signs
        let place = "\(folder)/\(index)"
        try volumes.writePatient("p1", in: place, mask: "mask")
        let conversion = try Converting(Self.inputs(place), in: place) {
          ($0.target, $0.ratios) = ("mask", [1, 0, 0])
        }
        let train = try Dataset(conversion.folder).labelled("train")
        pictures.append(train.samples.inputs.modalities[0].floats + train.target.to(.float32).floats)
      }
      #expect(pictures[0] == pictures[1] && pictures[0] == pictures[2])
    }
  }

  /// BraTS' layout: patients in folders of their own, labels 1, 2 and 4, two sessions of one person, an absent contrast.
  @Test func aFolderOfPatients() throws {
    try withTemporaryFolder { folder in
      let people = ["00001-000", "00001-001", "00002-000", "00003-000"].map { "BraTS-GLI-\($0)" }
      for (index, name) in people.enumerated() {
        var volumes = SmallVolumes()
        volumes.seed = index
        let contrasts = ["t1c", "t1n", "t2f", "t2w"].filter { index != 2 || $0 != "t1c" }
        try volumes.writePatient(
          name, in: "\(folder)/brats/\(name)", contrasts: contrasts, labels: [1, 2, 4], separator: "-")
      }
      let conversion = try Converting(["\(folder)/brats"], in: folder)
      let report = conversion.report
      #expect(report.description.task.labels == ["0", "1", "2", "4"])
      #expect(report.description.modalities.map(\.name) == ["t1c", "t1n", "t2f", "t2w"])
      let notes = report.notes.joined(separator: "\n")
      for word in ["no patient is in two splits", "1 patients lack t1c: BraTS-GLI-00002-000", "classes 0, 1, 2, 3"] {
        #expect(notes.contains(word), "\(notes)")
      }
      let data = try Dataset(conversion.folder)
      let list = try #require(try VolumeList(folder: conversion.folder))
      #expect(list.labels == [0, 1, 2, 4] && list.volumes.map(\.name) == people)
      var seen: [Int: String] = [:]
      for name in data.splitNames {
        let split = try data.labelled(name)
        for group in split.volumes?.groups ?? [] {
          let person = PatientFiles(name: group.name ?? "", paths: [:]).subject
          #expect(seen.updateValue(name, forKey: Int(person.suffix(5)) ?? 0) ?? name == name)
          #expect(group.rows.count == 5)
          let isAbsent = group.volume == 2
          #expect((split.samples.inputs.isPresent(0)?.integers[group.rows[0]] ?? 1) == (isAbsent ? 0 : 1))
        }
        #expect(Set(split.target.integers) == [0, 1, 2, 3])
      }
      #expect(seen.count == 3)
      // The masks of the targets are those of the files.
      let split = try data.labelled("test")
      for group in split.volumes?.groups ?? [] {
        var mask = PredictedMask(list.volumes[group.volume], size: [8, 8], labels: list.labels)
        for (row, slice) in zip(group.rows, group.slices) { mask.put(split.target[row].integers, slice: slice) }
        try mask.write(to: "\(folder)/mask.nii.gz")
        #expect(try NIfTIFile("\(folder)/mask.nii.gz").values() == SmallVolumes().mask([1, 2, 4]).map(Float.init))
      }
    }
  }

  /// Files in one folder, a folder a split, and validation from whole patients of training.
  @Test func foldersOfSplits() throws {
    try withTemporaryFolder { folder in
      for (index, name) in ["a", "b", "c"].enumerated() {
        var volumes = SmallVolumes()
        volumes.seed = index
        try volumes.writePatient(name, in: "\(folder)/\(index < 2 ? "train" : "test")", mask: index < 2 ? "seg" : nil)
      }
      let conversion = try Converting(["train=\(folder)/train", "test=\(folder)/test"], in: folder) {
        $0.modalities = [try .init(parsing: "bright=flair")]
      }
      #expect(conversion.report.splits.map(\.name) == ["train", "valid", "test"])
      #expect(conversion.report.splits.map(\.samples) == [5, 5, 5])
      let data = try Dataset(conversion.folder)
      #expect(data.description.modalities.map(\.name) == ["bright"])
      #expect(data.description.modalities[0].slices?.contrast == "flair")
      #expect(try data.hasTargets("valid") && !data.hasTargets("test"))
      // What a copy with another condition keeps.
      let noisy = "\(folder)/noisy"
      try data.write(corruptedBy: try Shift(named: "noise:1"), to: noisy)
      #expect(try VolumeList(folder: noisy) == VolumeList(folder: conversion.folder))
      #expect(try Dataset(noisy).unlabelled("test").volumes == data.unlabelled("test").volumes)
      #expect(try data.labelled("train").subset([3, 1]).volumes?.slice == [4, 2])
    }
  }

  /// Two patients cannot make three splits: the second one is the test, and validation is a block of the first.
  @Test func twoPatientsShareTrainingAndValidation() throws {
    try withTemporaryFolder { folder in
      for name in ["a", "b"] { try SmallVolumes().writePatient(name, in: "\(folder)/two") }
      let conversion = try Converting(["\(folder)/two"], in: folder)
      #expect(conversion.report.splits.map(\.samples) == [4, 1, 5])
      #expect(conversion.report.notes.contains { $0.contains("train and valid are blocks") })
    }
  }

  struct Refusal: CustomTestStringConvertible, Sendable {
    let name: String
    let words: [String]
    var adjust: @Sendable (inout ConversionOptions) throws -> Void = { _ in }
    var testDescription: String { name }
  }

  @Test(arguments: [
    Refusal(name: "a target that is not there", words: ["--target", "leson", "flair, seg, t1"]) { $0.target = "leson" },
    Refusal(name: "a contrast that is not there", words: ["--modality t2", "flair, t1"]) {
      $0.modalities = [try .init(parsing: "t2")]
    },
    Refusal(name: "groups", words: ["--group-by", "no meaning for volumes"]) { $0.groupBy = "patient" },
    Refusal(name: "another task", words: ["--task", "regression"]) { $0.task = .regression },
    Refusal(name: "a volume without a name", words: ["NAME=FILE", "a_t1.nii.gz"]) {
      $0.inputs = ["\($0.inputs[0])/a_t1.nii.gz"]
    },
    Refusal(name: "a folder without volumes", words: ["holds no volumes", "PATIENT-CONTRAST"]) {
      $0.inputs = ["\($0.inputs[0])/empty"]
    },
    Refusal(name: "a patient in two splits", words: ["a patient is in two splits", "a"]) {
      $0.inputs = ["train=\($0.inputs[0])", "test=\($0.inputs[0])"]
    },
    Refusal(name: "shares of splits that are there", words: ["--split", "leave --split out"]) {
      ($0.inputs, $0.ratios) = (["train=\($0.inputs[0])"], [0.8, 0.1, 0.1])
    },
  ]) func whatDoesNotFitIsRefused(refusal: Refusal) throws {
    try withTemporaryFolder { folder in
      try SmallVolumes().writePatient("a", in: "\(folder)/in")
      try FileManager.default.createDirectory(atPath: "\(folder)/in/empty", withIntermediateDirectories: true)
      let fault = try Converting.fault(["\(folder)/in"], in: folder, refusal.adjust)
      for word in refusal.words { #expect(fault?.words.contains(word) == true, "\(word): \(fault?.words ?? "")") }
    }
  }
}
