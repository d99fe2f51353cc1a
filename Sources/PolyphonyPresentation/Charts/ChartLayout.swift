/// The surroundings of a drawing.
package enum ChartLayout: Sendable {
  /// A separate file: the drawing has its title and its rules.
  case alone
  /// A page: the drawing has neither, and is no wider than a telephone if possible.
  case page
}
