import Foundation
import PolyphonyExamples
import Testing

@testable import Polyphony

/// What the articles show is what is compiled and run.
@Suite struct DocumentationTests {
  static let root: String = {
    var path = #filePath as NSString
    for _ in 0..<4 { path = path.deletingLastPathComponent as NSString }
    return path as String
  }()

  static let catalogs = ["Sources/Polyphony/Polyphony.docc", "Sources/Torch/Torch.docc"]

  static func files(in folder: String, ending: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)").filter { $0.hasSuffix(ending) }.sorted()
      .map { "\(folder)/\($0)" }
  }

  static let articles: [String] = catalogs.flatMap { (try? files(in: $0, ending: ".md")) ?? [] }

  static func text(_ path: String) throws -> String { try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8) }

  /// The fenced blocks of a language, without the indentation that all lines share.
  static func blocks(_ language: String, in text: String) -> [[String]] {
    var blocks: [[String]] = []
    var open: [String]?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if let lines = open {
        if line == "```" { (blocks, open) = (blocks + [lines], nil) } else { open = lines + [line] }
      } else if line == "```\(language)" {
        open = []
      }
    }
    return blocks
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

  /// Every option and every command that an article shows is one that the program has.
  @Test(arguments: articles) func commandsExist(article: String) throws {
    let text = try Self.text(article).replacingOccurrences(of: "\\\n", with: " ")
    for block in Self.blocks("sh", in: text) {
      for line in block where line.hasPrefix("polyphony ") {
        let words = line.split(separator: " ").map(String.init)
        let command = words.dropFirst().prefix { !$0.hasPrefix("-") }.prefix(words[1] == "data" ? 2 : 1)
        let help = try Program.succeed(Array(command) + ["--help"], environment: ["LIBTORCH": "/nowhere"]).output
        for option in words where option.hasPrefix("--") {
          let isThere = help.contains("\(option) ") || help.contains("\(option)\n") || help.contains("\(option)]")
          #expect(isThere, "\(command.joined(separator: " ")) has no \(option)")
        }
      }
    }
  }

  /// Every picture has a form for dark backgrounds, and no picture is left over.
  @Test(arguments: catalogs) func picturesAreComplete(catalog: String) throws {
    let pictures = Set(try Self.files(in: catalog, ending: ".svg").map { ($0 as NSString).lastPathComponent })
    let text = try Self.files(in: catalog, ending: ".md").map { try Self.text($0) }.joined()
    for picture in pictures where !picture.contains("~dark") {
      let name = (picture as NSString).deletingPathExtension
      #expect(pictures.contains("\(name)~dark.svg"))
      #expect(text.contains("](\(name))"), "\(name) is shown nowhere")
    }
  }
}
