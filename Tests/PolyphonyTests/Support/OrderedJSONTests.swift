import Foundation
import Testing
import Torch

@testable import PolyphonySupport

@Suite struct OrderedJSONTests {
  @Test func keepsTheOrderOfKeys() throws {
    let document = try OrderedJSON(parsing: #"{"z": 1, "a": [true, null, -2.5e1], "m": {"é": "x"}}"#)
    #expect(document == ["z": 1, "a": [true, nil, -25.0], "m": ["é": "x"]])
    #expect(document.text(.line) == #"{"z": 1, "a": [true, null, -25.0], "m": {"é": "x"}}"#)
  }

  @Test func decodesEscapes() throws {
    let document = try OrderedJSON(parsing: #""\"\\\/\b\f\n\r\t\u00e9\ud83c\udfb5""#)
    #expect(document == "\"\\/\u{08}\u{0C}\n\r\té🎵")
  }

  @Test func numbersReadBackAsTheSameBits() throws {
    let numbers: [Double] = [
      0.1, 1 / 3, .leastNonzeroMagnitude, 1.7976931348623157e308, -0.0, 1e-5, 123456789.125, 1e22,
    ]
    for number in numbers {
      guard case .number(let back) = try OrderedJSON(parsing: OrderedJSON.number(number).text()) else {
        Issue.record("\(number) reads back as something else")
        continue
      }
      #expect(back.bitPattern == number.bitPattern)
    }
    #expect(OrderedJSON.number(.nan).text() == "null")
    #expect(try OrderedJSON(parsing: "9223372036854775807") == .integer(.max))
    #expect(try OrderedJSON(parsing: "9223372036854775808") == .number(9_223_372_036_854_775_808))
  }

  @Test func textThatWasWrittenReadsBack() throws {
    let document: OrderedJSON = [
      "name": "quote \" slash \\ line \n bell \u{07}", "empty": [], "none": [:],
      "rows": [["a": 1, "b": [1, 2, 3]], ["a": nil, "b": ["deep": ["deeper": ["deepest": 1]]]]],
    ]
    for layout in [OrderedJSON.Layout.line, .pretty] {
      #expect(try OrderedJSON(parsing: document.text(layout)) == document)
    }
  }

  @Test func prettyLayout() {
    let document: OrderedJSON = ["a": 1, "b": ["c": ["d": [1, 2]], "e": ["f": ["g": [0.5]]]]]
    #expect(
      document.text() == """
        {
          "a": 1,
          "b": {
            "c": {"d": [1, 2]},
            "e": {
              "f": {"g": [0.5]}
            }
          }
        }
        """)
  }

  @Test(arguments: [
    ("", "a value"), ("{", "a key in quotes"), ("[1,]", "a value"), (#"{"a" 1}"#, "`:` after a key"),
    (#"{"a": 1 "b": 2}"#, "`,` or `}`"), ("[1 2]", "`,` or `]`"), ("nul", "a value"), ("NaN", "a value"),
    ("01", "the end of the document"), ("1.", "a digit"), ("-", "a digit"), ("1e", "a digit"),
    ("1e999", "a number within the range of a double"), ("\"a", "the closing quote of a string"),
    ("\"a\nb\"", "no control character in a string"), (#""\x""#, "an escape such as `\\n`"),
    ("\"\\", "an escape such as `\\n`"),
    (#""\u12g4""#, "four hexadecimal digits"), (#""\ud800""#, "a surrogate pair"),
    (#""\ud800\u0041""#, "a surrogate pair"),
    (#""\udc00""#, "a surrogate pair"), ("{} x", "the end of the document"),
  ])
  func refuses(text: String, expected: String) {
    let fault = #expect(throws: Fault.self) { try OrderedJSON(parsing: text) }
    #expect(fault?.expected == expected)
    #expect(fault?.kind == .badData)
  }

  @Test func depthIsBounded() throws {
    let fault = #expect(throws: Fault.self) { try OrderedJSON(parsing: String(repeating: "[", count: 1_000_000)) }
    #expect(fault?.expected == "at most 64 levels of nesting")
    let deepest = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    #expect(try OrderedJSON(parsing: deepest).text(.line) == deepest)
  }

  @Test func saysWhere() {
    let fault = #expect(throws: Fault.self) { try OrderedJSON(parsing: "{\n  \"a\": 1,\n  \"a\": 2}", file: "x.json") }
    #expect(fault?.problem == "a key stands twice in one object")
    #expect(fault?.key == "a")
    #expect(fault?.file == "x.json")
    #expect(fault?.found == "`\"` at line 3, column 3")
  }

  /// The two keys are canonically equivalent, and Swift's strings are equal.
  @Test func keysOfDifferentScalarsDiffer() throws {
    #expect(try OrderedJSON(parsing: "{\"\u{B7}\": 1, \"\u{387}\": 2}").leaves.count == 2)
  }

  @Test(arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]] as [[UInt8]])
  func refusesBytesThatAreNotUTF8(bytes: [UInt8]) {
    let document = [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")]
    let fault = #expect(throws: Fault.self) { try document.withUnsafeBytes { try OrderedJSON(parsing: $0) } }
    #expect(fault?.expected == "valid UTF-8")
  }
}
