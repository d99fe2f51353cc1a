import Foundation
import Polyphony
import PolyphonyPresentation

/// The report of a folder: one HTML file with methods, data, results and their certainty.
///
/// It works for the folder of any command that writes `results.json` or `metrics.jsonl`. It has a section for each kind
/// of result in the folder: scores with differences and p-values, learning curves, values of modalities, scores over
/// missing rates and under shifts, cost against score, and the settings for reproduction. The file needs no network and
/// runs no program. Its drawings follow the reader's light or dark setting.
///
/// ```swift
/// let report = try Report(folder: "runs/comparison", metric: "accuracy", reference: "joint")
/// try report.write(to: report.standardFile)
/// try report.tables?.write(to: "runs/comparison")
/// ```
public struct Report {
  private let content: ReportContent

  /// Reads a folder, or a results document with its folder.
  ///
  /// - Parameters:
  ///   - folder: the folder, or a results document in it.
  ///   - metric: the principal metric. The default is that of a comparison, or else the task's own.
  ///   - reference: the method with which others are compared. The default is that of a comparison, or else the first.
  /// - Throws: `Fault(.missingInput)` if there is nothing to report, `Fault(.badData)` for files of another form,
  ///   `Fault(.usage)` for a metric or a method that no row has.
  public init(folder: String, metric: String? = nil, reference: String? = nil) throws(Fault) {
    content = try ReportContent(try ReportSource(folder), metric: metric, reference: reference)
  }

  /// The tables of the results. They are nil without results.
  public var tables: ComparisonTables? { content.tables }

  /// The results of the comparison's contrasts. They are nil for a folder without contrasts.
  public var contrasts: ContrastTable? { content.contrasts }

  /// The whole page.
  public var html: String {
    let title = ReportTitle(content)
    let sections = [
      ContrastSection.make(content), ScoresSection.make(content), ClassSection.make(content),
      OutputSection.make(content), CalibrationSection.make(content), AnswerSection.make(content),
      ImageSection.make(content), DataSection.make(content), LearningSection.make(content),
      ModalitySection.make(content), MissingSection.make(content), ShiftSection.make(content),
      CostSection.make(content), ReproductionSection.make(content),
    ].compactMap(\.self).filter { !$0.body.isEmpty }
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

  /// Writes the page, and replaces the file as a whole.
  /// - Throws: `Fault(.cannotWrite)`.
  public func write(to file: String) throws(Fault) { try AtomicFile.write(html, to: file) }

  /// Writes the report of a folder to a file, by default `report.html` in the folder.
  ///
  /// - Returns: the file's path.
  /// - Throws: the faults of ``init(folder:metric:reference:)`` and ``write(to:)``.
  @discardableResult
  public static func write(folder: String, to file: String? = nil) throws(Fault) -> String {
    let report = try Report(folder: folder)
    let path = file ?? report.standardFile
    try report.write(to: path)
    return path
  }

  /// The default file, `report.html` in the folder.
  public var standardFile: String { "\(content.source.folder)/report.html" }
}
