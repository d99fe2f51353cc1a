import Polyphony

/// A reader of records of comma-separated values (RFC 4180), one after another.
///
/// A field in quotes can contain separators, line ends, and quotes written twice. Lines end with LF or CRLF. The reader
/// skips empty lines and a byte order mark at the start. JSON Lines are read as records too, the names first.
struct CSVReader {
  /// The maximum length of a field. A longer one has an unclosed quote.
  static let longestField = 1 << 20
  private static let mostFields = 100_000

  /// The line of the last record's start, from 1.
  private(set) var line = 0
  private var nextLine = 1
  private var cursor: ByteCursor
  private let separator: UInt8
  /// The objects of a file of JSON Lines. They are nil for other files.
  private var objects: JSONLines?
  private var hasNames = false

  /// Makes a reader at the beginning of a file.
  ///
  /// The separator is a tab or a semicolon if the first line has one and no comma.
  init(_ file: RandomAccessFile) throws(Fault) {
    cursor = ByteCursor(file)
    let beginning = try file.bytes(min(file.size, 1 << 16), at: 0)
    let first = beginning.prefix { $0 != UInt8(ascii: "\n") }
    let candidates = [UInt8(ascii: ","), UInt8(ascii: "\t"), UInt8(ascii: ";")]
    separator = candidates.first(where: first.contains) ?? candidates[0]
    if beginning.starts(with: [0xEF, 0xBB, 0xBF]) { _ = try cursor.next(3) }
    if JSONLines.isOne(file.path) { objects = try JSONLines(file) }
  }

  /// Returns the fields of the next record. It is nil at the end.
  /// - Throws: `Fault(.badData)` with the line for a quote that is not closed, or closed within a field.
  mutating func next() throws(Fault) -> [String]? {
    if objects != nil { return try nextObject() }
    while cursor.remaining > 0 {
      line = nextLine
      let fields = try record()
      if fields != [""] { return fields }
    }
    return nil
  }

  private mutating func nextObject() throws(Fault) -> [String]? {
    guard hasNames else {
      hasNames = true
      return objects?.names.isEmpty == true ? nil : objects?.names
    }
    let fields = try objects?.next()
    line = objects?.line ?? 0
    return fields
  }

  private mutating func record() throws(Fault) -> [String] {
    var fields: [String] = []
    var field: [UInt8] = []
    var wasQuoted = false
    func finish() throws(Fault) {
      guard let text = String(validating: field, as: UTF8.self) else {
        throw fault("a field is no text in UTF-8", found: "\(field.count) bytes", remedy: "save the file as UTF-8")
      }
      fields.append(text)
      field.removeAll(keepingCapacity: true)
      wasQuoted = false
      guard fields.count <= Self.mostFields else {
        throw fault("a line has too many fields", found: "more than \(Self.mostFields)")
      }
    }
    while let byte = try cursor.next() {
      switch byte {
      case separator: try finish()
      case UInt8(ascii: "\n"):
        nextLine += 1
        if !wasQuoted, field.last == UInt8(ascii: "\r") { field.removeLast() }
        try finish()
        return fields
      case UInt8(ascii: "\"") where field.isEmpty && !wasQuoted:
        wasQuoted = true
        try quoted(&field)
      case UInt8(ascii: "\r") where wasQuoted: break
      default:
        guard !wasQuoted else {
          throw fault("something follows a closed quote", found: String(decoding: [byte], as: UTF8.self))
        }
        field.append(byte)
        try checkLength(field)
      }
    }
    try finish()
    return fields
  }

  /// Reads the rest of a field after its opening quote.
  private mutating func quoted(_ field: inout [UInt8]) throws(Fault) {
    while let byte = try cursor.next() {
      if byte == UInt8(ascii: "\"") {
        var ahead = cursor
        guard try ahead.next() == byte else { return }
        cursor = ahead
      } else if byte == UInt8(ascii: "\n") {
        nextLine += 1
      }
      field.append(byte)
      try checkLength(field)
    }
    throw fault("a quote is not closed", found: "the end of the file")
  }

  private func checkLength(_ field: [UInt8]) throws(Fault) {
    if field.count > Self.longestField {
      throw fault("a field is too long, or a quote is not closed", found: "more than \(Self.longestField) bytes")
    }
  }

  func fault(
    _ problem: String, column: String? = nil, found: String, expected: String? = nil, remedy: String? = nil
  ) -> Fault {
    Fault(
      .badData, problem, file: cursor.file.path, key: column.map { "line \(line), column \($0)" } ?? "line \(line)",
      found: found, expected: expected, remedy: remedy)
  }
}
