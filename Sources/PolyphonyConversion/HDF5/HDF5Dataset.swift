import Polyphony

/// An array in an HDF5 file, read piece by piece. The library unpacks compressed data.
final class HDF5Dataset {
  /// The element type of numbers and of texts of one length. It is nil for texts of varying length.
  let type: ElementType?
  /// The extents of the array.
  let shape: [Int]

  private let file: String
  private let path: String
  private let library: HDF5Library
  private let dataset: HDF5Object
  private let space: HDF5Object
  /// The file's own element type. Elements are read in their stored form, and `ElementType` interprets them.
  private let storedType: HDF5Object

  /// The maximum size of a chunk in bytes, because the library unpacks a chunk as a whole.
  static let largestChunk = 256 << 20
  /// The maximum number of bytes of texts in memory.
  private static let mostTextBytes = 256 << 20

  /// The reason why an array cannot be read, in words for a message.
  struct Unusable: Error { var words: String }

  /// Inspects an array.
  /// - Parameters:
  ///   - object: The open data set.
  ///   - group: The file or group in which `name` opens it again.
  /// - Throws: `Unusable` if it holds no numbers or texts, or keeps them in other files.
  init(
    _ object: HDF5Object, in group: HDF5Object, name: String, path: String, file: String
  ) throws(Unusable) {
    library = object.library
    (self.file, self.path) = (file, path)
    let functions = library.functions
    guard let space = HDF5Object(library, functions.space(object.id)),
      let storedType = HDF5Object(library, functions.type(object.id)),
      let creation = HDF5Object(library, functions.creation(object.id)),
      let access = HDF5Object(library, functions.access(object.id))
    else { throw Unusable(words: "an array that cannot be opened") }
    (self.space, self.storedType) = (space, storedType)
    var extents = [UInt64](repeating: 0, count: 64)
    let rank = Int(functions.rank(space.id))
    guard (1...32).contains(rank), functions.extents(space.id, &extents, nil) == rank else {
      throw Unusable(words: "a single value")
    }
    let shape = extents.prefix(rank).compactMap { Int(exactly: $0) }
    guard shape.count == rank, let count = NumPyArray.count(shape) else {
      throw Unusable(words: "an array beyond counting")
    }
    self.shape = shape
    let isVarying = functions.typeClass(storedType.id) == 3 && functions.isVaryingText(storedType.id) > 0
    type = isVarying ? nil : Self.elementType(storedType, functions)
    guard isVarying || type != nil else {
      throw Unusable(words: "an array \(shape) of \(Self.className(storedType, functions))")
    }
    guard !count.multipliedReportingOverflow(by: type?.size ?? 8).overflow else {
      throw Unusable(words: "an array beyond counting")
    }
    // Layout 3 is virtual, composed of other files.
    let layout = functions.layout(creation.id)
    guard layout != 3, functions.externalFiles(creation.id) <= 0 else {
      throw Unusable(words: "an array \(shape) that keeps its numbers in other files")
    }
    guard count == 0 || functions.storageSize(object.id) > 0 else {
      throw Unusable(words: "an array \(shape) to which nothing was ever written")
    }
    guard layout == 2 else {
      dataset = object
      return
    }
    var chunk = [UInt64](repeating: 0, count: 64)
    guard functions.chunk(creation.id, 32, &chunk) == CInt(rank) else {
      throw Unusable(words: "an array \(shape) of unknown chunks")
    }
    let extent = chunk.prefix(rank).map { Int(clamping: max(1, $0)) }
    let bytes = NumPyArray.count(extent)?.multipliedReportingOverflow(by: type?.size ?? 8)
    guard let bytes, !bytes.overflow, bytes.partialValue <= Self.largestChunk else {
      throw Unusable(words: "an array \(shape) in chunks \(extent) of more than \(Self.largestChunk >> 20) MB")
    }
    // The cache holds all chunks of a sample, so that samples in order unpack no chunk twice.
    let across = zip(shape, extent).dropFirst().reduce(1) { $0 * max(1, ($1.0 + $1.1 - 1) / $1.1) }
    let cache = min(Self.largestChunk, max(1 << 20, bytes.partialValue * min(across, 1 << 16)))
    _ = functions.setChunkCache(access.id, 12_421, cache, 0.75)
    dataset = HDF5Object(library, functions.openDataset(group.id, name, access.id)) ?? object
  }

  /// The number of bytes of all elements in their stored form.
  var byteCount: Int { (NumPyArray.count(shape) ?? 0) * (type?.size ?? 0) }

  /// Fills a buffer with elements from an offset in row-major order. Both are whole elements within the array.
  /// - Throws: `Fault(.badData)` with the library's words if the file is broken or has an unknown compression.
  func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(Fault) {
    guard let size = type?.size, size > 0 else { return }
    var done = 0
    for box in ArrayBox.boxes(offset / size..<(offset + buffer.count) / size, of: shape[...]) {
      guard let target = buffer.baseAddress else { return }
      try read(box, to: target + done)
      done += box.count.reduce(size, *)
    }
  }

  /// Returns the texts of an array with one text per sample. It is nil if they take too many bytes.
  /// - Throws: The same faults as `read(_:at:)`.
  func texts() throws(Fault) -> [String]? {
    var texts: [String] = []
    var total = 0
    let piece = 4096
    for start in stride(from: 0, to: shape[0], by: piece) {
      let count = min(piece, shape[0] - start)
      var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
      try withMutableBytes(of: &pointers) { (raw) throws(Fault) in
        guard let base = raw.baseAddress else { return }
        try read(ArrayBox(start: [start], count: [count]), to: base)
      }
      for pointer in pointers {
        let text = pointer.map { String(cString: $0) } ?? ""
        total += text.utf8.count
        texts.append(text)
      }
      try library.locked { (functions) throws(Fault) in
        guard let memory = HDF5Object(library, functions.makeSpace(1, [UInt64(count)], nil)) else { return }
        _ = pointers.withUnsafeMutableBytes { raw in
          raw.baseAddress.map { functions.reclaim(storedType.id, memory.id, 0, $0) }
        }
      }
      if total > Self.mostTextBytes { return nil }
    }
    return texts
  }

  private func read(_ box: ArrayBox, to target: UnsafeMutableRawPointer) throws(Fault) {
    let start = box.start.map(UInt64.init)
    let count = box.count.map(UInt64.init)
    try library.locked { (functions) throws(Fault) in
      let memory = HDF5Object(library, functions.makeSpace(CInt(count.count), count, nil))
      // Closing any object erases the library's description of a failure.
      try withExtendedLifetime(memory) { () throws(Fault) in
        guard let memory, functions.select(space.id, 0, start, nil, count, nil) >= 0,
          functions.read(dataset.id, storedType.id, memory.id, space.id, 0, target) >= 0
        else {
          throw Fault(
            .badData, "an array cannot be read", file: file, key: "/" + path, found: library.lastError(),
            expected: "\(box.count) elements from \(box.start)",
            remedy: "copy or download the file again; if it was packed by a plugin, pack it anew: h5repack -f GZIP=1")
        }
      }
    }
  }

  /// Returns the type in NumPy's form. It is nil unless the type is a number or a text of one length.
  private static func elementType(_ type: HDF5Object, _ functions: HDF5Functions) -> ElementType? {
    let size = functions.typeSize(type.id)
    let order = functions.typeOrder(type.id) == 1 ? ">" : "<"
    switch functions.typeClass(type.id) {
    case 0:
      guard functions.typePrecision(type.id) == size * 8 else { return nil }
      return ElementType("\(order)\(functions.typeSign(type.id) == 1 ? "i" : "u")\(size)")
    case 1:
      // Only IEEE 754's own layouts are accepted, because there are other types of two bytes.
      var (sign, exponent, exponentSize, fraction, fractionSize) = (0, 0, 0, 0, 0)
      guard functions.typeFields(type.id, &sign, &exponent, &exponentSize, &fraction, &fractionSize) >= 0 else {
        return nil
      }
      let bits = [2: (15, 10, 5), 4: (31, 23, 8), 8: (63, 52, 11)][size]
      guard let bits, bits == (sign, exponent, exponentSize), (fraction, fractionSize) == (0, exponent) else {
        return nil
      }
      return ElementType("\(order)f\(size)")
    case 3: return size > 0 && size <= 1 << 20 ? ElementType("S\(size)") : nil
    case 8:
      // h5py writes truth values as an enumeration of one byte.
      guard let base = HDF5Object(type.library, functions.typeBase(type.id)) else { return nil }
      return elementType(base, functions)
    default: return nil
    }
  }

  private static func className(_ type: HDF5Object, _ functions: HDF5Functions) -> String {
    switch functions.typeClass(type.id) {
    case 0, 1: "numbers in an unusual format"
    case 3: "texts"
    case 6: "records"
    case 9: "lists of varying length"
    default: "elements of an unknown class"
    }
  }
}
