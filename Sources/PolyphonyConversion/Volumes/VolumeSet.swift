import Polyphony

/// The patients of a data set with the modalities and the size of their pictures.
struct VolumeSet {
  /// The patients, whose volumes know the place of the pictures.
  private(set) var patients: [ScannedPatient] = []
  /// The modalities, one a contrast.
  private(set) var modalities: [Modality] = []
  /// The number of slices of a sample. It is nil where each slice is a sample.
  private(set) var depth: Int?
  /// The names of contrasts in files, by modality.
  let keys: [String: String]
  /// The name of the mask in files. It is nil for a data set without targets.
  let mask: String?
  /// Height and width of a picture.
  private(set) var size: [Int] = []
  /// Sentences about what was found.
  private(set) var notes: [String] = []

  /// The factor of all sizes, so that a backbone can halve them three times.
  private static let step = 8

  /// Reads all volumes once, one after another.
  /// - Parameters:
  ///   - contrasts: the modalities with the names of their contrasts in files.
  ///   - done: called with the path of each volume that was read.
  /// - Throws: the faults of ``ScannedPatient``.
  init(
    _ files: [PatientFiles], contrasts: [(modality: String, key: String)], mask: String?,
    done: (_ path: String) -> Void
  ) throws(Fault) {
    keys = Dictionary(uniqueKeysWithValues: contrasts.map { ($0.modality, $0.key) })
    self.mask = mask
    for file in files {
      patients.append(try ScannedPatient(file, contrasts: keys, mask: mask, done: done))
    }
    size = [0, 1].map { direction in
      let largest = patients.map { $0.box[direction].count }.max() ?? Self.step
      return Self.roundedUp(largest)
    }
    for index in patients.indices { patients[index].place(in: size) }
    let spacing = [0, 1, 2].map { axis in Self.median(patients.map { $0.volume.pictureSpacing[axis] }) }
    modalities = contrasts.map { contrast in
      var modality = Modality.image(contrast.modality, channels: 1, height: size[0], width: size[1])
      modality.slices = SliceRecord(contrast: contrast.key, spacing: spacing)
      return modality
    }
    addNotes(spacing)
  }

  /// Makes each part one sample, of the depth of the largest part.
  mutating func joinSlices(of parts: [VolumeSplits.Part]) {
    let depth = Self.roundedUp(parts.map(\.span).max() ?? Self.step)
    self.depth = depth
    modalities = modalities.map { image in
      var volume = Modality.volume(image.name, channels: 1, depth: depth, height: size[0], width: size[1])
      volume.slices = image.slices
      return volume
    }
  }

  private static func roundedUp(_ size: Int) -> Int { (size + step - 1) / step * step }

  private mutating func addNotes(_ spacing: [Double]) {
    func list(_ chosen: [ScannedPatient]) -> String { chosen.map(\.files.name).listed }
    for modality in modalities {
      let absent = patients.filter { $0.scans[modality.name] == nil }
      if !absent.isEmpty { notes.append("\(absent.count) patients lack \(modality.name): \(list(absent))") }
    }
    let whole = patients.filter(\.hasNoBackground)
    if !whole.isEmpty {
      notes.append(
        "warning: nearly all voxels differ from 0, so the whole image counts as brain. Strip the skull: \(list(whole))")
    }
    let bare = patients.filter(\.hasNoOrientation)
    if !bare.isEmpty {
      notes.append("warning: no orientation is known, so the third axis counts as superior: \(list(bare))")
    }
    let others = patients(withSpacingOtherThan: spacing)
    if !others.isEmpty {
      notes.append(
        "warning: volumes are not resampled, and some have another spacing than \(Self.text(spacing)) mm: "
          + list(others))
    }
  }

  /// The patients whose spacing differs by more than a tenth.
  func patients(withSpacingOtherThan spacing: [Double]) -> [ScannedPatient] {
    patients.filter { zip($0.volume.pictureSpacing, spacing).contains { abs($0 / $1 - 1) > 0.1 } }
  }

  /// A spacing in words, such as `1.0 × 1.0 × 2.5`.
  static func text(_ spacing: [Double]) -> String {
    spacing.map { String(describing: ($0 * 100).rounded() / 100) }.joined(separator: " × ")
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 1 : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }
}
