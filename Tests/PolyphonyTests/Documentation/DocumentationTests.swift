import Foundation
import PolyphonyExamples
import Testing

@testable import Polyphony

/// What the documents show is what is compiled and run.
@Suite struct DocumentationTests {
  static let root: String = {
    var path = #filePath as NSString
    for _ in 0..<4 { path = path.deletingLastPathComponent as NSString }
    return path as String
  }()

  /// The modules that a client sees, each with its catalog.
  static let catalogs = [
    "PolyphonySupport", "Torch", "PolyphonySettings", "PolyphonyPresentation", "Polyphony", "PolyphonyConversion",
    "PolyphonyReports",
  ].map { "Sources/\($0)/\($0).docc" }

  static func files(in folder: String, ending: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)").filter { $0.hasSuffix(ending) }.sorted()
      .map { "\(folder)/\($0)" }
  }

  static let articles: [String] = catalogs.flatMap { (try? files(in: $0, ending: ".md")) ?? [] }

  /// What a reader meets outside the catalogs.
  static let pages = ["README.md", "CONTRIBUTING.md"]

  static func text(_ path: String) throws -> String { try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8) }

  /// The lines of the fenced blocks of some languages; a fence without a language has an empty one.
  static func blocks(_ languages: String..., in text: String) -> [[String]] {
    DocumentBlock.all(in: text).filter { languages.contains($0.language) }.map(\.lines)
  }

  /// Lines without the indentation that all of them share.
  static func flush(_ lines: some Sequence<String>) -> [String] {
    let lines = lines.map { $0.allSatisfy { $0 == " " } ? "" : $0 }
    let indent = lines.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
    return lines.map { String($0.dropFirst(indent)) }
  }

  /// Whether lines stand one after another in a file, at any indentation.
  static func stands(_ block: [String], in file: [String]) -> Bool {
    guard let first = block.first else { return false }
    return file.indices.contains { start in
      guard file[start].hasSuffix(first), start + block.count <= file.count else { return false }
      return flush(file[start..<start + block.count]) == block
    }
  }

  @Test func thereAreArticles() {
    #expect(Self.articles.count >= 11)
  }

  /// Every listing in Swift stands in the examples or in a test, line by line.
  @Test(arguments: articles) func listingsAreCompiled(article: String) throws {
    let sources = try
      (Self.files(in: "Examples", ending: ".swift") + ["Tests/PolyphonyTests/Documentation/DocumentationTests.swift"])
      .map { try Self.text($0).split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
    for block in Self.blocks("swift", in: try Self.text(article)) {
      let lines = Self.flush(block)
      #expect(
        sources.contains { Self.stands(lines, in: $0) }, "not in a compiled file: \(lines.joined(separator: "\n"))")
    }
  }

  /// Every command of a text is one that the program or the Makefile has, and so is every option.
  @Test(arguments: articles + pages) func commandsExist(file: String) throws {
    let text = try Self.text(file).replacingOccurrences(of: "\\\n", with: " ")
    let targets = try Self.text("Makefile").split(separator: "\n")
    for line in Self.blocks("sh", "console", "", in: text).joined() {
      let words = DocumentStep.words(of: line.hasPrefix("$ ") ? String(line.dropFirst(2)) : line)
      guard words.count > 1 else { continue }
      switch words[0] {
      case "make":
        #expect(targets.contains { $0.hasPrefix("\(words[1]):") }, "the Makefile has no \(words[1])")
      case "polyphony":
        let depth = ["data", "encoders"].contains(words[1]) ? 2 : 1
        let command = words.dropFirst().prefix { !$0.hasPrefix("-") }.prefix(depth).joined(separator: " ")
        let arguments = command.split(separator: " ").map(String.init) + ["--help"]
        let help = try Program.succeed(arguments, environment: ["LIBTORCH": "/nowhere"]).output
        #expect(help.contains("USAGE: polyphony \(command)"), "the program has no \(command)")
        for option in words where option.hasPrefix("--") {
          let isThere = help.contains("\(option) ") || help.contains("\(option)\n") || help.contains("\(option)]")
          #expect(isThere, "\(command) has no \(option)")
        }
      default: break
      }
    }
  }

  /// A stranger reads it in five minutes.
  @Test func theREADMEIsShort() throws {
    #expect(try Self.text("README.md").split(separator: "\n", omittingEmptySubsequences: false).count <= 201)
  }

  /// Links lead to files, and files that are named are there.
  @Test(arguments: pages) func filesExist(page: String) throws {
    let text = try Self.text(page)
    let links = text.matches(of: /\]\(([^)#:]+)\)/).map { String($0.1) }
    let names = text.matches(of: /`((?:Sources|Tests|Tools|Examples|Benchmarks|Recipes|Data)\/[A-Za-z0-9\/.+-]+)`/)
      .map { String($0.1) }.filter { !$0.contains("NAME") }
    #expect(!links.isEmpty || !names.isEmpty)
    for path in links + names {
      #expect(FileManager.default.fileExists(atPath: "\(Self.root)/\(path)"), "\(path) is not there")
    }
  }

  /// The first page of a catalog leads to every article.
  @Test func everyArticleIsListed() throws {
    let catalog = "Sources/Polyphony/Polyphony.docc"
    let first = try Self.text("\(catalog)/Polyphony.md")
    for article in try Self.files(in: catalog, ending: ".md") where !article.hasSuffix("/Polyphony.md") {
      let name = ((article as NSString).lastPathComponent as NSString).deletingPathExtension
      #expect(first.contains("- <doc:\(name)>"), "\(name) is listed nowhere")
    }
  }

  /// Every picture has a form for dark backgrounds, and no picture is left over.
  @Test(arguments: catalogs) func picturesAreComplete(catalog: String) throws {
    let files = try Self.files(in: catalog, ending: ".svg") + Self.files(in: catalog, ending: ".png")
    let pictures = Set(files.map { ($0 as NSString).lastPathComponent })
    let text = try Self.files(in: catalog, ending: ".md").map { try Self.text($0) }.joined()
    for picture in pictures where !picture.contains("~dark") {
      let name = (picture as NSString).deletingPathExtension
      #expect(pictures.contains("\(name)~dark.\((picture as NSString).pathExtension)"))
      #expect(text.contains("](\(name))"), "\(name) is shown nowhere")
    }
  }
}
