import Foundation
import Polyphony
import PolyphonyPresentation

/// The report of a folder: one HTML file that says what was run, on what, what came out and how sure that is.
///
/// It serves the folder of any command that writes `results.json` or `metrics.jsonl`, and shows the sections for which
/// there is something: scores with differences and p-values, learning curves, what modalities are worth, scores over
/// missing rates and under shifts, cost against score, and what is needed to do it again. The file needs no network and
/// runs no program; its drawings follow the reader's light or dark setting.
public struct Report {
  private let content: ReportContent

  /// Reads a folder, or a results document and the folder that it lies in.
  ///
  /// - Parameters:
  ///   - folder: the folder, or a results document in it.
  ///   - metric: the metric that the report is about; by default what a comparison names, else the task's own.
  ///   - reference: the method that others are compared to; by default what a comparison names, else the first.
  /// - Throws: `Fault(.missingInput)` where there is nothing to report, `Fault(.badData)` for files of another form,
  ///   `Fault(.usage)` for a metric or a method that no row has.
  public init(folder: String, metric: String? = nil, reference: String? = nil) throws(Fault) {
    content = try ReportContent(try ReportSource(folder), metric: metric, reference: reference)
  }

  /// The tables of its results; nil where there are none.
  public var tables: ComparisonTables? { content.tables }

  /// What the contrasts of its comparison came to; nil for a folder without any.
  public var contrasts: ContrastTable? { content.contrasts }

  /// The page.
  public var html: String {
    let title = ReportTitle(content)
    let sections = [
      ContrastSection.make(content), ScoresSection.make(content), LearningSection.make(content),
      ModalitySection.make(content),
      MissingSection.make(content), ShiftSection.make(content), CostSection.make(content),
      ReproductionSection.make(content),
    ].compactMap(\.self)
    let body = HTML("main") {
      HTML("header") {
        HTML("h1") { title.text }
        ReportSummary(content).html
        HTML("nav") {
          for section in sections { HTML("a", ["href": "#\(section.id)"]) { section.title } }
        }
      }
      for section in sections {
        HTML("section", ["id": section.id]) {
          HTML("h2") { section.title }
          section.body
        }
      }
      HTML("footer") {
        "Made by Polyphony \(Polyphony.version) from the files of this folder; nothing was measured anew."
      }
    }
    return body.document(title: title.text, rules: PageStyle.rules)
  }

  /// Writes the page; the file is replaced as a whole.
  /// - Throws: `Fault(.cannotWrite)`.
  public func write(to file: String) throws(Fault) { try AtomicFile.write(html, to: file) }

  /// Writes the report of a folder to a file, by default `report.html` in the folder.
  ///
  /// - Returns: the file's path.
  /// - Throws: as ``init(folder:metric:reference:)`` and ``write(to:)``.
  @discardableResult
  public static func write(folder: String, to file: String? = nil) throws(Fault) -> String {
    let report = try Report(folder: folder)
    let path = file ?? report.standardFile
    try report.write(to: path)
    return path
  }

  /// `report.html` in the folder.
  public var standardFile: String { "\(content.source.folder)/report.html" }
}
