import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyConversion

/// Makes data sets whose samples are whole volumes.
@Suite struct WholeVolumeTests {
  /// Three patients in different orders of axes, the second one without a contrast.
  private static func write(in folder: String) throws {
    for (index, name) in ["a", "b", "c"].enumerated() {
      var volumes = SmallVolumes()
      (volumes.seed, volumes.signs) = (index, [[1, -1, -1], [-1, 1, 1], [1, 1, -1]][index])
      try volumes.writePatient(
        name, in: "\(folder)/patients", contrasts: index == 1 ? ["flair"] : ["flair", "t1"], labels: [1, 2, 4])
    }
  }

  /// A sample holds the slices of its patient one above another, and zeros behind the last one.
  @Test func aVolumeIsItsSlices() throws {
    try withTemporaryFolder { folder in
      try Self.write(in: folder)
      for name in ["one", "other"] {
        try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: false)
      }
      let slices = try Converting(["\(folder)/patients"], in: "\(folder)/one")
      let whole = try Converting(["\(folder)/patients"], in: "\(folder)/other") { $0.wholeVolumes = true }
      let description = whole.report.description
      // The brain has 8 rows, 6 columns and 5 slices, and all sizes are multiples of 8.
      #expect(description.modalities.map(\.kind) == [.volume, .volume])
      #expect(description.modalities.map(\.sampleShape) == [[1, 8, 8, 8], [1, 8, 8, 8]])
      #expect(description.modalities[1].slices == slices.report.description.modalities[1].slices)
      #expect(whole.report.splits.map(\.samples) == [1, 1, 1])
      let (pictures, volumes) = (try Dataset(slices.folder), try Dataset(whole.folder))
      #expect(try Set(volumes.sampleNames() ?? []) == ["a", "b", "c"])
      let list = try #require(try VolumeList(folder: whole.folder))
      #expect(try VolumeList(folder: slices.folder) == list)
      for name in ["train", "valid", "test"] {
        let (split, sample) = (try pictures.labelled(name), try volumes.labelled(name))
        let (group, own) = (try #require(split.volumes?.groups.first), try #require(sample.volumes?.groups.first))
        #expect(own.name == group.name && own.rows == [0] && own.spacing == [2, 1, 1])
        // Slices lie from inferior to superior in a sample, whatever the order of the file.
        let isTurned = list.volumes[own.volume].orientation.hasSuffix("I")
        #expect(own.slices == [isTurned ? 4 : 1] && own.step == (isTurned ? -1 : 1))
        let rows = Tensor(isTurned ? group.rows.reversed() : group.rows)
        for modality in 0..<2 {
          let volume = sample.samples.inputs.modalities[modality][0][0]
          expectClose(volume.slice(0, 0, 5), split.samples.inputs.modalities[modality].rows(rows).squeezed(1), 0, name)
          #expect(volume.slice(0, 5).floats.allSatisfy { $0 == 0 })
        }
        #expect(sample.target[0].slice(0, 0, 5).integers == split.target.rows(rows).integers)
        #expect((sample.samples.inputs.presence?.integers ?? [1, 1]) == [1, group.name == "b" ? 0 : 1])
        // The masks of the targets are those of the files.
        #expect(sample.samples.occupiedSlices(0) == [0, 1, 2, 3, 4])
        var mask = PredictedMask(list.volumes[own.volume], size: [8, 8], labels: list.labels)
        for depth in sample.samples.occupiedSlices(0) {
          mask.put(sample.target[0][depth].integers, slice: own.slices[0] + own.step * depth)
        }
        try mask.write(to: "\(folder)/mask.nii.gz")
        let file = "\(folder)/patients/\(own.name ?? "")_seg.nii.gz"
        #expect(try NIfTIFile("\(folder)/mask.nii.gz").values() == NIfTIFile(file).values())
      }
    }
  }

  /// Volumes to predict become samples of the model's kind.
  @Test func volumesToPredictAreWhole() throws {
    try withTemporaryFolder { folder in
      try Self.write(in: folder)
      let whole = try Converting(["\(folder)/patients"], in: folder) { $0.wholeVolumes = true }
      var configuration = VolumeModelTests.configuration()
      (configuration.modalities, configuration.task) = (
        whole.report.description.modalities, whole.report.description.task
      )
      let volumes = try VolumesToPredict(["\(folder)/patients"], for: configuration)
      _ = try volumes.write(to: "\(folder)/new")
      let split = try Dataset("\(folder)/new").unlabelled(VolumesToPredict.split)
      #expect(split.inputs.modalities.map(\.shape) == [[3, 1, 8, 8, 8], [3, 1, 8, 8, 8]])
    }
  }

  /// One patient alone is divided into blocks of slices.
  @Test func onePatientIsBlocks() throws {
    try withTemporaryFolder { folder in
      try SmallVolumes().writePatient("p1", in: folder, mask: "mask")
      let conversion = try Converting(VolumeConversionTests.inputs(folder), in: folder) {
        ($0.target, $0.wholeVolumes) = ("mask", true)
      }
      let data = try Dataset(conversion.folder)
      #expect(try data.sampleNames() == ["p1/1-3", "p1/4-4", "p1/5-5"])
      let training = try data.labelled("train")
      #expect(training.samples.occupiedSlices(0) == [0, 1, 2] && training.target.shape == [1, 8, 8, 8])
      #expect(try data.labelled("test").volumes?.slice == [5])
    }
  }

  @Test func otherFilesAreRefused() throws {
    try withTemporaryFolder { folder in
      let path = try Converting.write(Array("a,label\n1,0\n2,1\n".utf8), "table.csv", in: folder)
      let fault = try Converting.fault([path], in: folder) { $0.wholeVolumes = true }
      #expect(fault?.kind == .usage && fault?.key == "--volumes")
    }
  }

  /// A split's file whose masks have another depth, and a volume without a depth.
  @Test func otherDepthsAreRefused() throws {
    try withTemporaryFolder { folder in
      try Self.write(in: folder)
      let whole = try Converting(["\(folder)/patients"], in: folder) { $0.wholeVolumes = true }
      let path = "\(whole.folder)/dataset.json"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      for (depth, words) in [("16", "[1, 1, 16, 8, 8]"), ("0", "depth, height and width above 0")] {
        let changed = text.replacingOccurrences(of: "\"depth\": 8", with: "\"depth\": \(depth)")
          .replacingOccurrences(of: "\"depth\" : 8", with: "\"depth\" : \(depth)")
        #expect(changed != text)
        try changed.write(toFile: path, atomically: true, encoding: .utf8)
        let fault = expectFault(.badData) { _ = try Dataset(whole.folder).labelled("train") }
        #expect(fault.map { "\($0)" }?.contains(words) == true, "\(fault.map { "\($0)" } ?? "")")
      }
    }
  }
}
