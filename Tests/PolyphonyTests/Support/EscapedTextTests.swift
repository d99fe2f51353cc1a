import Testing

@testable import PolyphonySupport

@Suite struct EscapedTextTests {
  @Test(arguments: [
    ("\u{1B}]0;title\u{07}", "\\u{1B}]0;title\\u{7}"), ("a\tb\rc", "a\\tb\\rc"), ("\u{7F}\u{9B}2J", "\\u{7F}\\u{9B}2J"),
    ("\u{202E}cod.exe\u{2066}\u{200F}", "\\u{202E}cod.exe\\u{2066}\\u{200F}"), ("Größe ± «é» 数", "Größe ± «é» 数"),
  ])
  func escapes(text: String, expected: String) {
    #expect(text.escapingControls() == expected)
    #expect("\(text)\n\(text)".escapingControlsInLines() == "\(expected)\n\(expected)")
  }

  @Test func jsonIsSafeAndReadsBack() throws {
    let text = OrderedJSON.string("\u{1B}[2J\u{7F}\u{9B}\u{202E}é").text(.line)
    #expect(text == #""\u001b[2J\u007f\u009b\u202eé""#)
    #expect(try OrderedJSON(parsing: text) == .string("\u{1B}[2J\u{7F}\u{9B}\u{202E}é"))
  }

  @Test(arguments: [
    ("=1+1", "'=1+1"), ("+x", "'+x"), ("-x", "'-x"), ("@SUM(A1)", "'@SUM(A1)"), ("\tx", "'\tx"), ("\rx", "'\rx"),
    ("a=b", "a=b"), ("", ""), (" =1", " =1"),
  ])
  func neutralizesFormulas(text: String, expected: String) { #expect(text.neutralizingFormula() == expected) }
}
