import Foundation
import PolyphonySupport
import Testing

@testable import PolyphonyEncoders

/// Small tokenizers with strings and the tokens that the library `tokenizers` gives them.
///
/// `Tools/check-tokenizers.py --fixture` writes the files.
struct TokenizerFixture: CustomTestStringConvertible {
  let name: String
  let document: OrderedJSON

  static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  private static let folder = Bundle.module.resourcePath! + "/Fixtures/tokenizers"

  init(_ name: String) throws {
    self.name = name
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(name)"))
    document = try data.withUnsafeBytes { try OrderedJSON(parsing: $0, file: name) }
  }

  var testDescription: String { name }

  var cases: [(text: String, ids: [Int])] {
    (document["cases"]?.elements ?? []).compactMap { row in
      guard case .string(let text) = row.elements[0] else { return nil }
      return (text, row.elements[1].elements.compactMap(\.count))
    }
  }

  func tokenizer() throws -> Tokenizer { try Tokenizer(TokenizerEntry(document["tokenizer"]!, file: name)) }
}
