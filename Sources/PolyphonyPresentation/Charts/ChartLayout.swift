/// Where a drawing stands.
package enum ChartLayout: Sendable {
  /// In a file of its own: with title and rules.
  case alone
  /// In a page: without both, and no wider than a telephone where that can be.
  case page
}
