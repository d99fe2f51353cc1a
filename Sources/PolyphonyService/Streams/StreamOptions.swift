/// The settings of streams.
package struct StreamOptions: Sendable {
  /// The method of adaptation.
  package var method: String
  /// The most streams of a model in memory.
  package var most = 1000
  /// The folder in which streams outlive the service.
  package var folder: String?
  /// True if the source answers, with what adaptation would have said beside it.
  package var isShadow = false

  /// Settings for a method.
  package init(method: String) { self.method = method }
}
