import Polyphony

/// A patient whose volumes fit each other, with the box of the brain.
struct ScannedPatient {
  /// The files.
  let files: PatientFiles
  /// The scans of the images by the names of contrasts. A contrast without any number but 0 is not among them.
  let scans: [String: VolumeScan]
  /// The scan of the mask. It is nil without one.
  let mask: VolumeScan?
  /// The geometry, with the place of the pictures once their size is known.
  private(set) var volume: Volume
  /// The slices with brain from inferior to superior, by their indices in the file.
  let slices: [Int]
  /// The box of the brain in rows and columns of a picture.
  let box: [Range<Int>]
  /// True if nearly every voxel of an image is brain, which it is not if the skull was stripped.
  let hasNoBackground: Bool
  /// True if the header says nothing of the orientation.
  let hasNoOrientation: Bool

  /// The number of voxels of the mask in a slice that are not 0.
  func lesionVoxels(in slice: Int) -> Int { mask?.occupied[volume.axes[0]][slice] ?? 0 }

  /// Reads all volumes of a patient once, and checks that they fit each other.
  /// - Parameters:
  ///   - contrasts: the images by the names of modalities, in the order of the data set. A patient may lack some.
  ///   - mask: the name of the mask. It is nil if nothing is to be read.
  /// - Throws: `Fault(.badData)` for a broken file, for volumes of different shape or orientation or place, and for images
  ///   without any number but 0.
  init(_ files: PatientFiles, contrasts: [String: String], mask: String?, done: (_ path: String) -> Void) throws(Fault)
  {
    self.files = files
    var reference: (key: String, file: NIfTIFile)?
    var scans: [String: VolumeScan] = [:]
    func open(_ key: String, isMask: Bool) throws(Fault) -> VolumeScan? {
      guard let path = files.paths[key] else { return nil }
      let file = try NIfTIFile(path)
      if let reference { try Self.check(file, key, against: reference.file, reference.key) }
      if reference == nil { reference = (key, file) }
      let scan = try VolumeScan(file, isMask: isMask)
      done(path)
      return scan
    }
    for (modality, key) in contrasts.sorted(by: { $0.key < $1.key }) {
      guard let scan = try open(key, isMask: false), scan.count > 0 else { continue }
      scans[modality] = scan
    }
    self.mask = try mask.map { (key) throws(Fault) in try open(key, isMask: true) } ?? nil
    guard contrasts.values.contains(where: { files.paths[$0] != nil }) else {
      throw Fault(
        .badData, "a patient has no image", file: files.paths.values.sorted().first, key: files.name,
        found: files.paths.keys.sorted().joined(separator: ", "),
        expected: contrasts.values.sorted().joined(separator: ", "), remedy: "remove the file, or add the images")
    }
    guard let file = reference?.file, !scans.isEmpty else {
      throw Fault(
        .badData, "the images of a patient hold nothing but 0", file: reference?.file.path ?? files.name,
        key: files.name, found: "no voxel that differs from 0", expected: "intensities of the brain")
    }
    self.scans = scans
    let geometry = file.geometry
    let axes = geometry.axes
    let counts = axes.map { file.header.shape[$0] }
    let inside = axes.indices.map { direction in
      (0..<counts[direction]).map { index in scans.values.contains { $0.occupied[axes[direction]][index] > 0 } }
    }
    let found = inside[0].indices.filter { inside[0][$0] }
    slices = geometry.runsDownwards ? found.reversed() : found
    box = [1, 2].map { direction in
      let places = inside[direction].indices.filter { inside[direction][$0] }
      let (first, last) = (places.first ?? 0, places.last ?? 0)
      let extent = counts[direction]
      return geometry.reversed[direction - 1] ? extent - 1 - last..<extent - first : first..<last + 1
    }
    volume = Volume(
      name: files.name, file: file.path.lastPart, shape: file.header.shape, affine: geometry.affine,
      spacing: geometry.spacing, orientation: geometry.orientation, axes: axes, reversed: geometry.reversed,
      offset: [0, 0], header: file.header.geometry)
    let voxels = file.header.shape.reduce(1, *)
    hasNoBackground = scans.values.contains { Double($0.count) > 0.9 * Double(voxels) }
    hasNoOrientation = file.header.geometry.sformCode <= 0 && file.header.geometry.qformCode <= 0
  }

  /// Puts the middle of the box into the middle of a picture, as far as the picture stays inside the volume.
  mutating func place(in size: [Int]) {
    volume.offset = [0, 1].map { direction in
      let (box, extent) = (box[direction], volume.shape[volume.axes[direction + 1]])
      let room = extent - size[direction]
      guard room >= 0 else { return room / 2 }
      return min(max(0, box.lowerBound - (size[direction] - box.count) / 2), room)
    }
  }

  /// Refuses a volume that lies elsewhere than another one of the same patient.
  private static func check(
    _ file: NIfTIFile, _ key: String, against reference: NIfTIFile, _ other: String
  ) throws(Fault) {
    func refuse(_ problem: String, _ found: String, _ expected: String, _ remedy: String) -> Fault {
      Fault(
        .badData, problem, file: file.path, key: key, found: found,
        expected: "\(expected), as \(other) has it", remedy: remedy)
    }
    guard file.header.shape == reference.header.shape else {
      throw refuse(
        "the contrasts of a patient have different shapes", "\(file.header.shape)", "\(reference.header.shape)",
        "register and resample them to one image, for example with ANTs or FSL")
    }
    guard file.geometry.orientation == reference.geometry.orientation else {
      throw refuse(
        "the contrasts of a patient have different orientations", file.geometry.orientation,
        reference.geometry.orientation, "bring them to one order of axes, in FSL with fslreorient2std")
    }
    let distance = file.geometry.distance(to: reference.geometry, shape: file.header.shape)
    // Half a voxel is more than any program rounds.
    guard distance <= 0.5 * (reference.geometry.spacing.min() ?? 1) else {
      throw refuse(
        "the contrasts of a patient lie at different places", "a corner \(Int(distance.rounded(.up))) mm away",
        "the same affine", "register and resample them to one image, for example with ANTs or FSL")
    }
  }
}
