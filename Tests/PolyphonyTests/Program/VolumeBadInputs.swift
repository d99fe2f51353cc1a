import Foundation
import Polyphony
import Torch

@testable import PolyphonyConversion

/// The errors that users make with volumes.
extension BadInputTests {
  private static let convert = [
    "data", "convert", "--input", "flair=DATA/p_flair.nii.gz", "--input", "t1=DATA/p_t1.nii.gz", "--input",
    "mask=DATA/p_mask.nii.gz", "--target", "mask", "--output", "OUT/volumes",
  ]

  /// Writes the volumes of a patient, and lets a test replace one.
  private static func patient(
    _ change: @escaping @Sendable (_ folder: String, _ volumes: inout SmallVolumes) throws -> Void
  ) -> @Sendable (BrokenData) throws -> Void {
    { data in
      var volumes = SmallVolumes()
      try volumes.writePatient("p", in: data.folder, mask: "mask")
      try change(data.folder, &volumes)
    }
  }

  /// Writes a NIfTI file whose bytes a test has changed. Compression is no part of the format.
  private static func patch(
    _ name: String, _ change: @escaping @Sendable (inout [UInt8]) -> Void
  ) -> @Sendable (BrokenData) throws -> Void {
    patient { folder, volumes in
      try volumes.write(name == "mask" ? volumes.mask() : volumes.image(0), to: "\(folder)/plain.nii")
      var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/plain.nii")))
      change(&bytes)
      try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/p_\(name).nii.gz"))
    }
  }

  private static func put<Value>(_ value: Value, _ place: Int, _ bytes: inout [UInt8]) {
    withUnsafeBytes(of: value) { bytes.replaceSubrange(place..<place + $0.count, with: $0) }
  }

  static let volumes: [Case] = [
    Case(
      name: "contrasts of different shape", code: 65,
      mentions: ["p_t1.nii.gz", "t1", "[10, 12, 7]", "[10, 12, 6]", "resample"],
      breaking: patient { folder, volumes in
        volumes.shape[2] = 7
        try volumes.write(volumes.image(1), to: "\(folder)/p_t1.nii.gz")
      }, arguments: convert),
    Case(
      name: "contrasts of different orientation", code: 65,
      mentions: ["p_t1.nii.gz", "RAS", "LAS", "fslreorient2std"],
      breaking: patient { folder, volumes in
        volumes.signs = [1, 1, 1]
        try volumes.write(volumes.image(1), to: "\(folder)/p_t1.nii.gz")
      }, arguments: convert),
    Case(
      name: "contrasts at different places", code: 65, mentions: ["p_t1.nii.gz", "9 mm", "affine", "register"],
      breaking: patient { folder, volumes in
        volumes.sizes = [2, 1, 2]
        try volumes.write(volumes.image(1), to: "\(folder)/p_t1.nii.gz")
      }, arguments: convert),
    Case(
      name: "a mask with fractions", code: 65, mentions: ["p_mask.nii.gz", "voxel [4, 4, 2]", "0.5", "whole numbers"],
      breaking: patch("mask") { bytes in
        // The numbers of bytes become halves.
        put(Float(0.5).bitPattern, 112, &bytes)
      }, arguments: convert),
    Case(
      name: "a mask with too many labels", code: 65,
      mentions: ["p_mask.nii.gz", "0, 50, 51", "at most 64", "--target"],
      breaking: patient { folder, volumes in
        volumes.shape = [40, 40, 20]
        volumes.seed = 3
        for name in ["flair", "t1"] { try volumes.write(volumes.image(0), to: "\(folder)/p_\(name).nii.gz") }
        let image = volumes.image(0)
        try volumes.write(
          image.indices.map { image[$0] == 0 ? 0 : 50 + Int32($0 % 90) }, to: "\(folder)/p_mask.nii.gz")
      }, arguments: convert),
    Case(
      name: "an empty mask", code: 65,
      mentions: ["p_mask.nii.gz", "the mask is empty", "0 in every voxel", "--target"],
      breaking: patient { folder, volumes in
        try volumes.write(volumes.mask([0]), to: "\(folder)/p_mask.nii.gz")
      }, arguments: convert),
    Case(
      name: "an empty image", code: 65, mentions: ["hold nothing but 0", "p_", "intensities"],
      breaking: patient { folder, volumes in
        for name in ["flair", "t1"] { try volumes.write(volumes.mask([0]), to: "\(folder)/p_\(name).nii.gz") }
      }, arguments: convert),
    Case(
      name: "NaN voxels", code: 65, mentions: ["p_t1.nii.gz", "voxel [5, 0, 0]", "nan", "nan_to_num"],
      breaking: patch("t1") { bytes in
        // The bytes count as floats, of which the file then holds fewer slices.
        put(Int16(16), 70, &bytes)
        bytes += Array(repeating: 0, count: 4 * 720)
        put(Float.nan.bitPattern, 352 + 4 * 5, &bytes)
      }, arguments: convert),
    Case(
      name: "a cut off volume", code: 65, mentions: ["p_flair.nii.gz", "gzip's data to its end", "download"],
      breaking: patient { folder, _ in
        let path = "\(folder)/p_flair.nii.gz"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        try bytes.prefix(bytes.count * 2 / 3).write(to: URL(fileURLWithPath: path))
      }, arguments: convert),
    Case(
      name: "a series of volumes", code: 65, mentions: ["p_t1.nii.gz", "dim", "[10, 12, 3, 2]", "slicer"],
      breaking: patch("t1") { bytes in
        for (index, extent) in [4, 10, 12, 3, 2].enumerated() { put(Int16(extent), 40 + 2 * index, &bytes) }
      }, arguments: convert),
    Case(
      name: "a text as a volume", code: 65, mentions: ["p_t1.nii.gz", "no NIfTI volume", "dcm2niix"],
      breaking: patient { folder, _ in
        try Data("no volume".utf8).write(to: URL(fileURLWithPath: "\(folder)/p_t1.nii.gz"))
      }, arguments: convert),
    Case(
      name: "colours as a volume", code: 65, mentions: ["p_t1.nii.gz", "datatype", "colours", "float32"],
      breaking: patch("t1") { put(Int16(128), 70, &$0) }, arguments: convert),
    Case(
      name: "no volume at the path", code: 66, mentions: ["p_t2.nii.gz"],
      arguments: [
        "data", "convert", "--input", "t2=DATA/p_t2.nii.gz", "--input", "seg=DATA/p_t2.nii.gz", "--output",
        "OUT/volumes",
      ]),
    Case(
      name: "volumes for a model of other data", code: 64, mentions: ["no masks", "regression", "--output"],
      breaking: patient { _, _ in },
      arguments: [
        "predict", "--model", "MODEL", "--input", "text=DATA/p_t1.nii.gz", "--output", "DATA/mask.nii.gz",
      ]),
    Case(
      name: "volumes without a mask to write", code: 64, mentions: ["--output", "--output mask.nii.gz"],
      breaking: patient { _, _ in },
      arguments: ["predict", "--model", "MODEL", "--input", "text=DATA/p_t1.nii.gz"]),
  ]
}
