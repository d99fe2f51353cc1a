import Foundation
import Polyphony
import Testing

@testable import PolyphonyConversion

/// JSON Lines as a table.
@Suite struct JSONLinesTests {
  private static func read(_ text: String) throws -> [[String]] {
    try withTemporaryFolder { folder in
      try text.write(toFile: "\(folder)/rows.jsonl", atomically: true, encoding: .utf8)
      var reader = try CSVReader(try RandomAccessFile("\(folder)/rows.jsonl"))
      var records: [[String]] = []
      while let record = try reader.next() { records.append(record) }
      return records
    }
  }

  @Test func membersAreFields() throws {
    let text = """
      {"text": "one, two\\nthree", "label": 1.5}

      {"label": -2, "flag": true, "text": null}
      """
    #expect(
      try Self.read(text) == [["text", "label", "flag"], ["one, two\nthree", "1.5", ""], ["", "-2", "True"]])
    #expect(try Self.read("") == [])
  }

  @Test(arguments: [
    ("{\"a\": 1}\n[1]", "a line is no object", "line 2"), ("{\"a\": 1}\n{", "this is not valid JSON", "line 2"),
    ("{\"a\": [1]}", "a value is no text and no number", "line 1, a"),
    ("{\"a\": 1, \"a\": 2}", "a key stands twice in one object", "line 1"),
  ])
  func refuses(text: String, problem: String, key: String) {
    let fault = #expect(throws: Fault.self) { try Self.read(text) }
    #expect(fault?.problem == problem && fault?.key == key)
    #expect(fault?.file?.hasSuffix("rows.jsonl") == true)
  }
}
