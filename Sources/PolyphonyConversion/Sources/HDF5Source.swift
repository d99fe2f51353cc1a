import Polyphony

/// The reader of the arrays of an HDF5 file, each under its path. Groups called train, valid and test become splits.
///
/// It follows no links to other files, and reads no arrays with numbers in other files. So a file cannot reveal other
/// content of the disk.
enum HDF5Source {
  /// The maximum number of groups and arrays, above that of any feature file.
  private static let mostObjects = 10_000
  private static let deepest = 16

  private enum Kind: CInt {
    case group = 2
    case dataset = 5
  }

  /// Reads the columns of a file.
  /// - Throws: `Fault(.badData)` if it is broken or in CMU-MultimodalSDK's layout, `Fault(.failure)` without the
  ///   library.
  static func read(_ path: String) throws(Fault) -> SourceTable {
    let library = try HDF5Library.load(for: path)
    return try library.locked { (functions) throws(Fault) in
      guard let file = HDF5Object(library, functions.openFile(path, 0, 0)) else {
        throw Fault(
          .badData, "the HDF5 file cannot be opened", file: path, found: library.lastError(),
          expected: "a file that HDF5 \(library.version) reads", remedy: "copy or download the file again")
      }
      try refuseSequences(file, path)
      var walk = Walk(path: path)
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
    var columns: [(name: String, column: SourceColumn)] = []
    var links = 0
    private var objects = 0

    init(path: String) { self.path = path }

    mutating func enter(_ group: HDF5Object, prefix: String, depth: Int) throws(Fault) {
      guard depth <= deepest else {
        throw Fault(
          .badData, "the groups of the file nest too deep", file: path, key: "/" + prefix, found: "\(depth)",
          expected: "at most \(deepest)")
      }
      for name in try HDF5Source.names(group, path, atMost: mostObjects) {
        objects += 1
        guard objects <= mostObjects else {
          throw Fault(
            .badData, "the file has too many arrays", file: path, key: "/" + prefix,
            found: "more than \(mostObjects)", expected: "one array a modality, samples first",
            remedy: "stack them in Python: np.stack([f[name][()] for name in names])")
        }
        guard let object = HDF5Source.member(name, of: group) else {
          links += 1
          continue
        }
        switch Kind(rawValue: object.library.functions.kind(object.id)) {
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
      let array = NumPyArray(type: type, shape: dataset.shape, isFortran: false, content: .bytes(.hdf5(dataset)))
      return try array.map { (array) throws(Fault) in try SourceColumn(array) } ?? .other("an array beyond counting")
    }
  }

  /// Returns the names of a group's members in ascending order.
  private static func names(
    _ group: HDF5Object, _ path: String, atMost most: Int
  ) throws(Fault) -> [String] {
    let functions = group.library.functions
    // `H5G_info_t` has the kind of storage, and at byte 8 the number of links.
    let information = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 16)
    defer { information.deallocate() }
    guard functions.groupInformation(group.id, information) >= 0 else {
      throw broken(path, group.library)
    }
    let count = information.load(fromByteOffset: 8, as: UInt64.self)
    var names: [String] = []
    for index in 0..<min(count, UInt64(most) + 1) {
      var name = [CChar](repeating: 0, count: 1025)
      let length = functions.linkName(group.id, ".", 0, 0, index, &name, name.count, 0)
      guard length > 0, length < name.count else { throw broken(path, group.library) }
      names.append(String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
    return names
  }

  /// Opens a member in this file. It is nil for links to other files.
  private static func member(_ name: String, of group: HDF5Object) -> HDF5Object? {
    let functions = group.library.functions
    guard functions.linkExists(group.id, name, 0) > 0 else { return nil }
    // `H5L_info_t` of every version begins with the kind of link, and 0 is a hard one.
    let information = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 16)
    defer { information.deallocate() }
    guard functions.linkInformation(group.id, name, information, 0) >= 0,
      information.load(as: CInt.self) == 0
    else { return nil }
    return HDF5Object(group.library, functions.openObject(group.id, name, 0))
  }

  /// Refuses CMU-MultimodalSDK's computational sequences, `NAME/data/ID/{features, intervals}`.
  ///
  /// Their recordings have their own lengths and clocks, and samples result from aligning several such files.
  private static func refuseSequences(_ file: HDF5Object, _ path: String) throws(Fault) {
    for name in try names(file, path, atMost: 8) {
      guard let sequence = member(name, of: file), isGroup(sequence), let data = member("data", of: sequence),
        isGroup(data), member("metadata", of: sequence) != nil, let first = try names(data, path, atMost: 1).first,
        let recording = member(first, of: data), isGroup(recording), member("features", of: recording) != nil,
        member("intervals", of: recording) != nil
      else { continue }
      throw Fault(
        .badData, "this is one computational sequence of CMU-MultimodalSDK, and no set of samples", file: path,
        key: "/\(name)/data/\(first)", found: "features and intervals of each recording",
        expected: "one array a modality, samples first",
        remedy:
          "align the sequences with the SDK in Python (data.align, then data.get_tensors), and save what it gives: "
          + "np.savez('data.npz', train_text=…, train_audio=…, train_labels=…, valid_text=…)")
    }
  }

  private static func isGroup(_ object: HDF5Object) -> Bool {
    object.library.functions.kind(object.id) == Kind.group.rawValue
  }

  private static func broken(_ path: String, _ library: HDF5Library) -> Fault {
    Fault(
      .badData, "the HDF5 file is broken", file: path, found: library.lastError(), expected: "groups and arrays",
      remedy: "copy or download the file again")
  }
}
