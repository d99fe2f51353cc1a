import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyConversion
@testable import PolyphonySupport

/// Goes from volumes to masks as a user does.
@Suite struct VolumeProgramTests {
  /// A model that has learnt nothing, for a data set of volumes.
  private func model(for data: String, in folder: String) throws -> String {
    let description = try Dataset(data).description
    var configuration = ModelConfiguration(
      architecture: "deeplab_v3plus", modalities: description.modalities, task: description.task, width: 8)
    configuration.encoder = .small
    try ModelFolder.write(try MultimodalModel(configuration).backbone, to: "\(folder)/model")
    return "\(folder)/model"
  }

  @Test func masksHaveTheGeometryOfTheirImages() throws {
    try withTemporaryFolder { folder in
      for (index, name) in ["a", "b", "c"].enumerated() {
        var volumes = SmallVolumes()
        (volumes.seed, volumes.signs) = (index, index == 0 ? [1, -1, -1] : [-1, 1, 1])
        try volumes.writePatient(name, in: "\(folder)/patients", labels: [1, 2, 4])
      }
      let converted = try Program.succeed(
        ["data", "convert", "--input", "patients", "--output", "data"], in: folder,
        environment: ["LIBTORCH": "/nowhere"])
      #expect(converted.output.contains("patients: segmentation, 4 classes"))
      #expect(converted.output.contains("train 5, valid 5, test 5 samples in data"))
      let model = try model(for: "\(folder)/data", in: folder)
      try Program.succeed(["data", "validate", "data"], in: folder)
      let scored = try Program.succeed(["evaluate", "--model", model, "--data", "data", "--json"], in: folder)
      for name in VolumeMetrics.names { #expect(scored.output.contains("\"\(name)\""), "\(scored.output)") }

      // A data set, a folder of patients and the files of one patient give the same masks.
      let predict = ["predict", "--model", model]
      var masks: [String: [Float]] = [:]
      for split in ["train", "valid", "test"] {
        try Program.succeed(predict + ["--data", "data", "--split", split, "--output", "masks-\(split)"], in: folder)
        for file in try names(in: "\(folder)/masks-\(split)") where file != "masks.json" {
          masks[file] = try NIfTIFile("\(folder)/masks-\(split)/\(file)").values()
        }
      }
      #expect(masks.keys.sorted() == ["a.nii.gz", "b.nii.gz", "c.nii.gz"])
      try Program.succeed(predict + ["--data", "patients", "--output", "masks"], in: folder)
      let single = try Program.succeed(
        predict + [
          "--input", "flair=patients/a_flair.nii.gz", "--input", "t1=patients/a_t1.nii.gz", "--output", "one.nii",
        ], in: folder)
      #expect(single.errors.contains("1 mask in one.nii"))
      for (file, values) in masks {
        let mask = try NIfTIFile("\(folder)/masks/\(file)")
        let image = try NIfTIFile("\(folder)/patients/\(file.prefix(1))_flair.nii.gz")
        #expect(try mask.values() == values)
        #expect(mask.header.geometry == image.header.geometry && mask.geometry.affine == image.geometry.affine)
        #expect(Set(values).isSubset(of: [0, 1, 2, 4]))
        // The slice without brain has no label.
        let (isTurned, slice) = (file == "a.nii.gz", 120)
        #expect(values[(isTurned ? 5 : 0) * slice..<(isTurned ? 6 : 1) * slice].allSatisfy { $0 == 0 })
      }
      #expect(try NIfTIFile("\(folder)/one.nii").values() == masks["a.nii.gz"])
    }
  }

  /// Whole volumes become a data set, a model of patches, and masks.
  @Test func wholeVolumesHaveMasksToo() throws {
    try withTemporaryFolder { folder in
      for (index, name) in ["a", "b", "c"].enumerated() {
        var volumes = SmallVolumes()
        (volumes.seed, volumes.signs) = (index, index == 0 ? [1, -1, -1] : [-1, 1, 1])
        try volumes.writePatient(name, in: "\(folder)/patients")
      }
      try Program.succeed(["data", "convert", "--input", "patients", "--volumes", "--output", "data"], in: folder)
      let settings = ["training.epochs=1", "training.patch=[4, 8, 4]", "model.layers=2", "model.width=2"]
      let trained = try Program.succeed(
        ["train", "--data", "data", "--architecture", "unet", "--output", "run", "--json"]
          + settings.flatMap { ["--set", $0] }, in: folder)
      for name in VolumeMetrics.names { #expect(trained.output.contains("\"\(name)\""), "\(trained.output)") }
      #expect(try ModelFolder.read("\(folder)/run/model").configuration.modalities[0].sampleShape == [1, 4, 8, 4])
      try Program.succeed(["predict", "--model", "run", "--data", "patients", "--output", "masks"], in: folder)
      for name in ["a", "b", "c"] {
        let mask = try NIfTIFile("\(folder)/masks/\(name).nii.gz")
        let image = try NIfTIFile("\(folder)/patients/\(name)_flair.nii.gz")
        #expect(mask.header.geometry == image.header.geometry && mask.geometry.affine == image.geometry.affine)
        // The slice without brain has no label.
        let values = try mask.values()
        #expect(values[(name == "a" ? 5 : 0) * 120..<(name == "a" ? 6 : 1) * 120].allSatisfy { $0 == 0 })
      }
    }
  }

  /// A file for several volumes, a mask of data that is no volume, and a model of pictures from elsewhere.
  @Test func whatHasNoMaskIsRefused() throws {
    try withTemporaryFolder { folder in
      for name in ["a", "b", "c"] { try SmallVolumes().writePatient(name, in: "\(folder)/patients") }
      try Program.succeed(
        ["data", "convert", "--input", "patients", "--split", "0.4,0.6,0", "--output", "data"], in: folder)
      let model = try model(for: "\(folder)/data", in: folder)
      let path = "\(folder)/data/dataset.json"
      let bare = "\(folder)/bare"
      try FileManager.default.copyItem(atPath: "\(folder)/data", toPath: bare)
      try FileManager.default.removeItem(atPath: "\(bare)/volumes.json")
      for (arguments, words) in [
        (["--data", "data", "--split", "valid", "--output", "x.nii.gz"], ["several volumes", "a folder for 2 masks"]),
        (["--data", "bare", "--split", "valid", "--output", "x.nii.gz"], ["volumes.json", ".safetensors"]),
        (["--input", "flair=patients/a_flair.nii.gz", "--output", "x.nii.gz"], ["t1", "cannot do without"]),
        (["--input", "t2=patients/a_t1.nii.gz", "--output", "x.nii.gz"], ["no such modality", "flair, t1"]),
      ] {
        let outcome = try Program.run(["predict", "--model", model] + arguments, in: folder)
        #expect(outcome.code == 64 || outcome.code == 65, "\(outcome.errors)")
        for word in words { #expect(outcome.errors.contains(word), "\(word) is not in: \(outcome.errors)") }
      }
      // A data set may lose the record of how its pictures were made, and a model then has none either.
      let text = try String(contentsOfFile: path, encoding: .utf8)
      try text.replacingOccurrences(of: "\"slices\"", with: "\"slides\"").write(
        toFile: path, atomically: true, encoding: .utf8)
      let other = try self.model(for: "\(folder)/data", in: folder)
      let outcome = try Program.run(
        ["predict", "--model", other, "--data", "patients", "--output", "masks"], in: folder)
      #expect(outcome.code == 65 && outcome.errors.contains("not trained on volumes"), "\(outcome.errors)")
    }
  }
}
