import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyConversion
@testable import PolyphonySupport

/// Converts tables: quoting, groups of columns, and errors in rows.
@Suite struct CSVConversionTests {
  static let table = """
    \u{FEFF}id,text_0,"text_1",audio.pitch,audio.level,mood,split\r
    a,1,2,0.5,-1e2,happy,train
    "b, with ""quotes""
    and a line",3,NA,1.5,0,sad,train

    c,,,7,8,happy,dev
    d,5,6,-inf,1,sad,test
    """

  @Test func columnsBecomeModalities() throws {
    try withTemporaryFolder { folder in
      let path = try Converting.write(Array(Self.table.utf8), "table.csv", in: folder)
      let conversion = try Converting([path], in: folder) { $0.target = "mood" }
      let description = conversion.report.description
      var expected = [Modality.vector("text", features: 2), .vector("audio", features: 2)]
      expected[0].missingCells = .mean
      (expected[0].columns, expected[1].columns) = (["text_0", "text_1"], ["audio.pitch", "audio.level"])
      #expect(description.modalities == expected)
      var task = PredictionTask(kind: .classification, classes: 2, labels: ["happy", "sad"])
      task.column = "mood"
      #expect(description.task == task)
      let train = try conversion.file("train")
      let text = try train.tensor("text").doubles
      #expect(text[..<3] == [1, 2, 3] && text[3].isNaN)
      #expect(try train.tensor("audio").doubles == [0.5, -100, 1.5, 0])
      #expect(try train.tensor("target").integers == [0, 1])
      #expect(train["presence"] == nil)
      // The columns of text are empty, so the sample lacks the text.
      #expect(try conversion.file("valid").tensor("presence").integers == [0, 1])
      #expect(try conversion.file("test").tensor("audio").doubles == [0, 1])
      _ = try DatasetInspection(try Dataset(conversion.folder))
      let notes = conversion.report.notes.joined(separator: "\n")
      let mentions = ["valid: 1 samples lack text", "test: 1 × −∞ in audio", "train: 1 missing cell (25.0 %) in text"]
      for mention in mentions { #expect(notes.contains(mention), "\(mention) is not in: \(notes)") }
    }
  }

  @Test func columnsCanBeChosen() throws {
    try withTemporaryFolder { folder in
      let path = try Converting.write(Array(Self.table.utf8), "table.csv", in: folder)
      let conversion = try Converting([path], in: folder) {
        $0.target = "audio.level"
        $0.modalities = [try .init(parsing: "all=text_0,audio.pitch"), try .init(parsing: "text")]
      }
      #expect(conversion.report.description.modalities.map(\.name) == ["all", "text"])
      #expect(conversion.report.description.task.kind == .regression)
      #expect(conversion.report.notes.contains { $0 == "columns of no modality are left out: mood" })
      #expect(try conversion.file("train").tensor("all").doubles == [1, 0.5, 3, 1.5])
    }
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let table: String
    let mentions: [String]
    var target: String? = "y"
    var modalities: [String] = []
    var kind = Fault.Kind.badData
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(name: "nothing but blank lines", table: "\n\n", mentions: ["empty"]),
    Case(name: "a header alone", table: "a_0,y\n", mentions: ["no rows"]),
    Case(name: "too few fields", table: "a_0,y\n1,2\n1\n", mentions: ["line 3", "1", "2"]),
    Case(name: "too many fields", table: "a_0,y\n1,2,3\n", mentions: ["line 2", "3", "quotes"]),
    Case(name: "no number", table: "a_0,a_1,y\n1,2,0\n1,x2,1\n", mentions: ["line 3, column a_1", "x2"]),
    Case(name: "a decimal comma", table: "a_0;y\n1,5;2\n", mentions: ["line 2, column a_0", "«1,5»"]),
    Case(name: "an open quote", table: "a_0,y\n\"1,2\n3,4\n", mentions: ["line 2", "not closed"]),
    Case(name: "text after a quote", table: "a_0,y\n\"1\"x,2\n", mentions: ["line 2", "closed quote"]),
    Case(name: "one name twice", table: "a_0,a_0,y\n1,2,3\n", mentions: ["line 1", "a_0"]),
    Case(name: "no features", table: "id,y\n1,2\n3,4\n", mentions: ["no features"]),
    Case(name: "texts alone", table: "word,y\nb,2\nc,4\n", mentions: ["no features", "word"]),
    Case(name: "a number that a row lacks", table: "age,y\n1,2\n?,4\n", mentions: ["line 3, column age", "«?»"]),
    Case(name: "no target in a row", table: "a_0,y\n1,2\n2,\n", mentions: ["line 3, column y", "no target"]),
    Case(name: "an unknown split", table: "a_0,y,split\n1,2,tain\n", mentions: ["sample 0", "tain"]),
    Case(
      name: "a sample of nothing", table: "a_0,y,split\n1,2,train\n,3,train\n", mentions: ["no modality", "sample 1"]),
    Case(name: "an infinite target", table: "a_0,y\n1,inf\n2,3\n", mentions: ["finite"]),
    Case(
      name: "an unknown target", table: "a_0,label\n1,2\n", mentions: ["labl", "did you mean `label`"], target: "labl",
      kind: .usage),
    Case(
      name: "an unknown column", table: "a_0,y\n1,2\n", mentions: ["a_9", "a_0, y"], modalities: ["a=a_9"], kind: .usage
    ),
    Case(
      name: "the target as input", table: "a_0,y\n1,2\n", mentions: ["no input"], modalities: ["a=a_0,y"], kind: .usage),
    Case(name: "a reserved name", table: "x_0,y\n1,2\n2,3\n", mentions: ["target"], modalities: ["target=x_0"]),
    Case(name: "one class", table: "a_0,y\n1,b\n2,b\n", mentions: ["no classes", "1 different"]),
  ]

  @Test(arguments: cases) func wrongTables(wrong: Case) throws {
    try withTemporaryFolder { folder in
      let path = try Converting.write(Array(wrong.table.utf8), "table.csv", in: folder)
      let fault = try Converting.fault([path], in: folder) {
        $0.target = wrong.target
        $0.modalities = try wrong.modalities.map { try .init(parsing: $0) }
      }
      guard let fault else { return }
      #expect(fault.kind == wrong.kind)
      for word in wrong.mentions { #expect(fault.words.contains(word), "\(word) is not in: \(fault.words)") }
    }
  }

  @Test(arguments: ["", "=x", "a=", "a=b,,c"]) func noModality(text: String) {
    #expect(throws: Fault.self) { _ = try ConversionOptions.ModalityChoice(parsing: text) }
  }

  @Test(arguments: ["", "1", "0.5,0.5", "0.5,0.5,0.5", "0,0.5,0.5", "a,b,c", "1.5,-0.5,0"]) func noShares(text: String)
  {
    #expect(throws: Fault.self) { _ = try ConversionOptions.ratios(parsing: text) }
  }
}
