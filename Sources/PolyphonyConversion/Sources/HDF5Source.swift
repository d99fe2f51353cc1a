import Polyphony

/// The reader of the arrays of an HDF5 file, each under its path. Groups called train, valid and test become splits.
///
/// It follows no links to other files, and reads no arrays with numbers in other files. So a file cannot reveal other
/// content of the disk.
enum HDF5Source {
  /// The maximum number of groups and arrays, above that of any feature file.
  private static let mostObjects = 10_000
  private static let deepest = 16

  /// True if a file begins like HDF5.
  static func isOne(_ file: RandomAccessFile) throws(Fault) -> Bool {
    try file.bytes(min(8, file.size), at: 0).starts(with: [0x89, 0x48, 0x44, 0x46])
  }

  /// Reads the columns of a file.
  /// - Parameter isMatlab: True for a MAT-file of version 7.3, whose extents are in reverse.
  /// - Throws: `Fault(.badData)` if it is broken or in CMU-MultimodalSDK's layout, `Fault(.failure)` without the
  ///   library.
  static func read(_ path: String, isMatlab: Bool = false) throws(Fault) -> SourceTable {
    let library = try HDF5Library.load(for: path)
    return try library.locked { (_) throws(Fault) in
      let file = try HDF5Object.file(path, library)
      try refuseSequences(file, path)
      var walk = Walk(path: path, isMatlab: isMatlab)
      try walk.enter(file, prefix: "", depth: 0)
      var notes: [String] = []
      if walk.links > 0 { notes.append("\(walk.links) links to other places were left aside") }
      // The names are in alphabetical order.
      let order = ["train", "valid", "test"]
      let parts = SourceTable.parts(of: walk.columns).sorted {
        order.firstIndex(of: $0.name) ?? order.count < order.firstIndex(of: $1.name) ?? order.count
      }
      return SourceTable(format: "HDF5", file: path, parts: parts, notes: notes)
    }
  }

  /// The results of the walk through groups.
  private struct Walk {
    let path: String
    let isMatlab: Bool
    var columns: [(name: String, column: SourceColumn)] = []
    var links = 0
    private var objects = 0

    init(path: String, isMatlab: Bool) { (self.path, self.isMatlab) = (path, isMatlab) }

    mutating func enter(_ group: HDF5Object, prefix: String, depth: Int) throws(Fault) {
      guard depth <= deepest else {
        throw Fault(
          .badData, "the groups of the file nest too deep", file: path, key: "/" + prefix, found: "\(depth)",
          expected: "at most \(deepest)")
      }
      // MATLAB keeps the contents of cells and objects in groups such as `#refs#`.
      for name in try group.names(path, atMost: mostObjects) where !isMatlab || !name.hasPrefix("#") {
        objects += 1
        guard objects <= mostObjects else {
          throw Fault(
            .badData, "the file has too many arrays", file: path, key: "/" + prefix,
            found: "more than \(mostObjects)", expected: "one array a modality, samples first",
            remedy: "stack them in Python: np.stack([f[name][()] for name in names])")
        }
        guard let object = group.member(name) else {
          links += 1
          continue
        }
        switch object.kind {
        case .group: try enter(object, prefix: "\(prefix)\(name)/", depth: depth + 1)
        case .dataset: columns.append((prefix + name, try column(object, group, name, prefix + name)))
        case nil: continue
        }
      }
    }

    private func column(
      _ object: HDF5Object, _ group: HDF5Object, _ name: String, _ place: String
    ) throws(Fault) -> SourceColumn {
      let dataset: HDF5Dataset
      do throws(HDF5Dataset.Unusable) {
        dataset = try HDF5Dataset(object, in: group, name: name, path: place, file: path)
      } catch {
        return .other(error.words)
      }
      guard let type = dataset.type else {
        guard dataset.shape.count == 1, dataset.shape[0] <= SourceColumn.mostSamples, let texts = try dataset.texts()
        else { return .other("an array \(dataset.shape) of texts") }
        return .texts(texts)
      }
      if isMatlab { return try MatlabSource.column(dataset, type, class: object.text(attribute: "MATLAB_class")) }
      let array = NumPyArray(type: type, shape: dataset.shape, isFortran: false, content: .bytes(.hdf5(dataset)))
      return try array.map { (array) throws(Fault) in try SourceColumn(array) } ?? .other("an array beyond counting")
    }
  }

  /// Refuses one of CMU-MultimodalSDK's computational sequences, because samples result from aligning several.
  private static func refuseSequences(_ file: HDF5Object, _ path: String) throws(Fault) {
    guard let name = try ComputationalSequence.name(in: file, path) else { return }
    throw Fault(
      .badData, "this is one computational sequence of CMU-MultimodalSDK, and no set of samples", file: path,
      key: "/\(name)/data", found: "features and intervals of each recording",
      expected: "several sequences, one of them with the targets and their times",
      remedy: "name each file: --input audio=AUDIO.csd --input labels=LABELS.csd --target labels")
  }
}
