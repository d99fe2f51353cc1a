import Polyphony

extension HDF5Object {
  /// The kinds of a group's members that hold data.
  enum Kind: CInt {
    case group = 2
    case dataset = 5
  }

  /// The kind of the object. It is nil for named types and the like.
  var kind: Kind? { Kind(rawValue: library.functions.kind(id)) }

  /// Opens a file for reading.
  /// - Throws: `Fault(.badData)` with the library's words.
  static func file(_ path: String, _ library: HDF5Library) throws(Fault) -> HDF5Object {
    guard let file = HDF5Object(library, library.functions.openFile(path, 0, 0)) else {
      throw Fault(
        .badData, "the HDF5 file cannot be opened", file: path, found: library.lastError(),
        expected: "a file that HDF5 \(library.version) reads", remedy: "copy or download the file again")
    }
    return file
  }

  /// Returns the names of a group's members in ascending order, and at most one more than `most`.
  /// - Throws: `Fault(.badData)` with the library's words.
  func names(_ path: String, atMost most: Int) throws(Fault) -> [String] {
    func broken() -> Fault {
      Fault(
        .badData, "the HDF5 file is broken", file: path, found: library.lastError(), expected: "groups and arrays",
        remedy: "copy or download the file again")
    }
    // `H5G_info_t` has the kind of storage, and at byte 8 the number of links.
    let information = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 16)
    defer { information.deallocate() }
    guard library.functions.groupInformation(id, information) >= 0 else { throw broken() }
    let count = information.load(fromByteOffset: 8, as: UInt64.self)
    var names: [String] = []
    for index in 0..<min(count, UInt64(most) + 1) {
      var name = [CChar](repeating: 0, count: 1025)
      let length = library.functions.linkName(id, ".", 0, 0, index, &name, name.count, 0)
      guard length > 0, length < name.count else { throw broken() }
      names.append(String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
    return names
  }

  /// Opens a member in this file. It is nil for links to other files.
  func member(_ name: String) -> HDF5Object? {
    let functions = library.functions
    guard functions.linkExists(id, name, 0) > 0 else { return nil }
    // `H5L_info_t` of every version begins with the kind of link, and 0 is a hard one.
    let information = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 16)
    defer { information.deallocate() }
    guard functions.linkInformation(id, name, information, 0) >= 0, information.load(as: CInt.self) == 0 else {
      return nil
    }
    return HDF5Object(library, functions.openObject(id, name, 0))
  }

  /// Opens a member that is a group.
  func group(_ name: String) -> HDF5Object? { member(name).flatMap { $0.kind == .group ? $0 : nil } }

  /// Returns a text attribute of the object, such as MATLAB's class of an array. It is nil for other attributes.
  func text(attribute name: String) -> String? {
    let functions = library.functions
    guard functions.attributeExists(id, name) > 0,
      let attribute = HDF5Object(library, functions.openAttribute(id, name, 0)),
      let type = HDF5Object(library, functions.attributeType(attribute.id)),
      let space = HDF5Object(library, functions.attributeSpace(attribute.id)), functions.rank(space.id) == 0,
      functions.typeClass(type.id) == 3, functions.isVaryingText(type.id) == 0
    else { return nil }
    let size = functions.typeSize(type.id)
    guard (1...256).contains(size) else { return nil }
    var bytes = [UInt8](repeating: 0, count: size)
    let code = bytes.withUnsafeMutableBytes { raw in
      raw.baseAddress.map { functions.readAttribute(attribute.id, type.id, $0) } ?? -1
    }
    return code >= 0 ? String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) : nil
  }
}
