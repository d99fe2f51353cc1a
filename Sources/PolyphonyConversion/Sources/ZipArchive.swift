import Polyphony

/// The table of contents of a ZIP archive, including the 64-bit form that NumPy writes.
///
/// Stored members, as `np.savez` writes them, are read in place. So the directory is the only part of ZIP that the
/// reader needs. Libraries unpack every member into memory, or need a C library at build time. Format: PKWARE's APPNOTE
/// 6.3, sections 4.3 to 4.5.
struct ZipArchive {
  /// A file in the archive.
  struct Member {
    let name: String
    /// The compression method: 0 is stored, 8 is deflated.
    let method: Int
    let crc: UInt32
    let compressed: Int
    let size: Int
    fileprivate let header: Int
  }

  let file: RandomAccessFile
  let members: [Member]

  /// The maximum number of members, above that of any array archive.
  private static let mostMembers = 10_000

  /// Reads the directory at the end of a file.
  /// - Throws: `Fault(.badData)` for an invalid directory.
  init(_ file: RandomAccessFile) throws(Fault) {
    self.file = file
    // At most 64 KiB of comment separate the record of the end from the end.
    let tail = try file.bytes(min(file.size, 22 + 1 << 16), at: file.size - min(file.size, 22 + 1 << 16))
    guard
      let place = stride(from: tail.count - 22, through: 0, by: -1).first(where: {
        tail[$0...].starts(with: [0x50, 0x4B, 5, 6])
      })
    else { throw Self.broken(file, "no directory", "an archive to its end") }
    var record = Fields(tail, place + 10)
    var (count, size, start) = (record.number(2), record.number(4), record.number(4))
    if count == 0xFFFF || size == 0xFFFF_FFFF || start == 0xFFFF_FFFF {
      let locator = file.size - tail.count + place - 20
      guard locator >= 0 else { throw Self.broken(file, "no 64-bit directory", "an archive to its end") }
      var fields = Fields(try file.bytes(20, at: locator), 0)
      guard fields.number(4) == 0x0706_4B50 else { throw Self.broken(file, "no 64-bit directory", "one") }
      _ = fields.number(4)
      let end = fields.number(8)
      guard end >= 0, end <= file.size - 56 else {
        throw Self.broken(file, "a directory outside the file", "one within")
      }
      fields = Fields(try file.bytes(56, at: end), 32)
      (count, size, start) = (fields.number(8), fields.number(8), fields.number(8))
    }
    guard count >= 0, count <= Self.mostMembers, size >= 0, size <= 64 << 20, start >= 0, start <= file.size - size
    else { throw Self.broken(file, "\(count) members in \(size) bytes from \(start)", "a directory within the file") }
    let directory = try file.bytes(size, at: start)
    var members: [Member] = []
    var offset = 0
    for _ in 0..<count {
      guard let (member, next) = Self.member(directory, offset) else {
        throw Self.broken(file, "a cut off entry \(members.count)", "\(count) entries")
      }
      members.append(member)
      offset = next
    }
    self.members = members
  }

  /// Returns the byte range of a member.
  /// - Throws: `Fault(.badData)` if it would be outside the file.
  func range(of member: Member) throws(Fault) -> Range<Int> {
    guard member.header >= 0, member.header <= file.size - 30 else {
      throw Self.broken(file, "\(member.name) from byte \(member.header)", "a member within the file")
    }
    var fields = Fields(try file.bytes(30, at: member.header), 0)
    guard fields.number(4) == 0x0403_4B50 else {
      throw Self.broken(file, "no header at byte \(member.header)", "the header of \(member.name)")
    }
    fields.offset = 26
    let start = member.header + 30 + fields.number(2) + fields.number(2)
    guard start <= file.size, member.compressed >= 0, member.size >= 0, member.compressed <= file.size - start else {
      throw Self.broken(file, "\(member.compressed) bytes from \(start)", "a member within the file")
    }
    return start..<start + member.compressed
  }

  /// Reads an entry of the directory, and returns the offset of the next one.
  private static func member(_ bytes: [UInt8], _ offset: Int) -> (Member, next: Int)? {
    guard offset <= bytes.count - 46 else { return nil }
    var fields = Fields(bytes, offset)
    guard fields.number(4) == 0x0201_4B50 else { return nil }
    fields.offset += 6
    let method = fields.number(2)
    fields.offset += 4
    let crc = UInt32(truncatingIfNeeded: fields.number(4))
    var (compressed, size) = (fields.number(4), fields.number(4))
    let (nameLength, extraLength, commentLength) = (fields.number(2), fields.number(2), fields.number(2))
    fields.offset += 8
    var header = fields.number(4)
    let name = offset + 46
    let end = name + nameLength + extraLength + commentLength
    guard end <= bytes.count else { return nil }
    // Numbers too large for the fields above follow here in 64 bits, in this order.
    var extra = name + nameLength
    while extra + 4 <= name + nameLength + extraLength {
      var part = Fields(bytes, extra)
      let (kind, length) = (part.number(2), part.number(2))
      guard extra + 4 + length <= end else { return nil }
      if kind == 1 {
        var left = length / 8
        for keyPath in [\Wide.size, \Wide.compressed, \Wide.header] where left > 0 {
          var wide = Wide(size: size, compressed: compressed, header: header)
          guard wide[keyPath: keyPath] == 0xFFFF_FFFF else { continue }
          wide[keyPath: keyPath] = part.number(8)
          (size, compressed, header) = (wide.size, wide.compressed, wide.header)
          left -= 1
        }
      }
      extra += 4 + length
    }
    let text = String(decoding: bytes[name..<name + nameLength], as: UTF8.self)
    return (
      Member(name: text, method: method, crc: crc, compressed: compressed, size: size, header: header), end
    )
  }

  private struct Wide {
    var size: Int
    var compressed: Int
    var header: Int
  }

  static func broken(_ file: RandomAccessFile, _ found: String, _ expected: String) -> Fault {
    Fault(
      .badData, "the archive is broken", file: file.path, found: found, expected: expected,
      remedy: "copy or download the file again")
  }
}

/// A reader of consecutive little-endian numbers. The caller has checked that they exist.
private struct Fields {
  let bytes: [UInt8]
  var offset: Int

  init(_ bytes: [UInt8], _ offset: Int) { (self.bytes, self.offset) = (bytes, offset) }

  /// Reads a number of some bytes. A number beyond 2⁶³ is negative.
  mutating func number(_ width: Int) -> Int {
    defer { offset += width }
    let value = bytes[offset..<offset + width].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(truncatingIfNeeded: value)
  }
}
