import Foundation

/// What all drawings share: colours that follow the reader's light or dark setting, and texts made safe for SVG.
///
/// Classes are prefixed and live in each drawing's own `<style>`, so that a drawing looks the same alone and inside a
/// page. Nothing is loaded from anywhere.
enum ChartStyle {
  /// Colours of series, told apart by the colour-blind too (after Okabe and Ito, 2008), cycled beyond eight.
  static let colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a7400", "#777777"]

  /// The colour of a series.
  static func colour(_ index: Int) -> String { colours[index % colours.count] }

  /// Rules for texts, axes and grid.
  static let rules = """
    .pc text { font: 13px system-ui, sans-serif; fill: #222 } .pc .title { font-weight: 600 }
    .pc .small { font-size: 11px } .pc .grid { stroke: #e3e3ea } .pc .axis { stroke: #888 }
    @media (prefers-color-scheme: dark) { .pc text { fill: #ddd } .pc .grid { stroke: #3a3b44 } .pc .axis { stroke: #999 } }
    """

  /// The opening of a drawing with its title, which screen readers speak.
  static func opening(_ title: String, width: Int, height: Int) -> String {
    """
    <svg class="pc" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" width="\(width)" \
    height="\(height)" role="img" aria-label="\(escaped(title))">
    <style>
    \(rules)
    </style>
    <text class="title" x="12" y="24">\(escaped(title))</text>

    """
  }

  /// A text in which nothing is markup.
  static func escaped(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
      .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
  }

  /// A coordinate with one decimal.
  static func place(_ value: Double) -> String { String(format: "%.1f", value) }
}
