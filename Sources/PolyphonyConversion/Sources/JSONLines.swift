import Foundation
import Polyphony

/// A reader of JSON Lines as a table: an object a line, whose members are the fields.
///
/// The columns are the names of all objects, in the order of their first appearance. A line without a name, or with
/// `null`, has an empty field there.
struct JSONLines {
  /// The endings of such files.
  static let endings = ["jsonl", "ndjson"]
  private static let longestLine = 16 << 20

  /// The names of the columns.
  private(set) var names: [String] = []
  private var cursor: ByteCursor
  /// The line of the last object, from 1.
  private(set) var line = 0

  /// Reads all lines for their names.
  /// - Throws: `Fault(.badData)` with the line of what is no object.
  init(_ file: RandomAccessFile) throws(Fault) {
    cursor = ByteCursor(file)
    var seen: Set<String> = []
    while let members = try object() {
      for member in members where seen.insert(member.key).inserted { names.append(member.key) }
    }
    (cursor, line) = (ByteCursor(file), 0)
  }

  /// True for a file whose name ends like one of JSON Lines.
  static func isOne(_ path: String) -> Bool { endings.contains((path as NSString).pathExtension.lowercased()) }

  /// Returns the fields of the next line. It is nil at the end.
  /// - Throws: `Fault(.badData)` for a value that is no text, number or truth value.
  mutating func next() throws(Fault) -> [String]? {
    guard let members = try object() else { return nil }
    var fields: [String: String] = [:]
    for member in members {
      switch member.value {
      case .null: break
      case .string(let text): fields[member.key] = text
      case .bool(let value): fields[member.key] = value ? "True" : "False"
      case .integer, .number: fields[member.key] = member.value.text(.line)
      case .array, .object:
        throw Fault(
          .badData, "a value is no text and no number", file: cursor.file.path, key: "line \(line), \(member.key)",
          found: member.value.kindName, expected: "a text, a number, true, false or null")
      }
    }
    return names.map { fields[$0] ?? "" }
  }

  /// Returns the members of the next line that is not empty.
  private mutating func object() throws(Fault) -> [OrderedJSON.Member]? {
    while cursor.remaining > 0 {
      line += 1
      var bytes: [UInt8] = []
      while let byte = try cursor.next(), byte != UInt8(ascii: "\n") {
        bytes.append(byte)
        guard bytes.count <= Self.longestLine else {
          throw Fault(
            .badData, "a line is too long", file: cursor.file.path, key: "line \(line)",
            found: "more than \(Self.longestLine) bytes")
        }
      }
      guard bytes.contains(where: { $0 > 0x20 }) else { continue }
      do throws(Fault) {
        let value = try withRawBytes(of: bytes) { (raw) throws(Fault) in try OrderedJSON(parsing: raw) }
        guard case .object(let members) = value else {
          throw Fault(.badData, "a line is no object", found: value.kindName, expected: "an object of fields")
        }
        return members
      } catch {
        var fault = error
        (fault.file, fault.key) = (cursor.file.path, "line \(line)")
        throw fault
      }
    }
    return nil
  }
}
