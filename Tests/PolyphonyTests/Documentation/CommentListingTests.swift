import Foundation
import Testing

/// The listings in comments are compiled, as those of the articles are.
@Suite struct CommentListingTests {
  /// A listing of a comment, and the file that shows it.
  struct Listing: CustomTestStringConvertible {
    let file: String
    let lines: [String]
    var testDescription: String { "\(file): \(lines.first ?? "")" }
  }

  static let listings: [Listing] = {
    let files = (try? DocumentationTests.files(in: "Sources", ending: ".swift")) ?? []
    return files.flatMap { file -> [Listing] in
      let comments = ((try? DocumentationTests.text(file)) ?? "").split(
        separator: "\n", omittingEmptySubsequences: false
      ).map { line -> String in
        let text = line.drop { $0 == " " }
        guard text.hasPrefix("///") else { return "" }
        let content = text.dropFirst(3)
        return String(content.first == " " ? content.dropFirst() : content)
      }
      return DocumentationTests.blocks("swift", in: comments.joined(separator: "\n")).map {
        Listing(file: file, lines: DocumentationTests.flush($0))
      }
    }
  }()

  static let sources: [[String]] = ((try? DocumentationTests.files(in: "Examples", ending: ".swift")) ?? []).map {
    ((try? DocumentationTests.text($0)) ?? "").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  @Test func manyTypesShowTheirUse() { #expect(Self.listings.count >= 10) }

  @Test(arguments: listings) func aListingIsCompiled(listing: Listing) {
    #expect(
      Self.sources.contains { DocumentationTests.stands(listing.lines, in: $0) },
      "\(listing.file) shows lines that no file of Examples has: \(listing.lines.joined(separator: "\n"))")
  }
}
