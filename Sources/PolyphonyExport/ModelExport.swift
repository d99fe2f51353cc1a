import Polyphony

/// A model, with an adapter if there is one, in a form that other programs read.
///
/// ```swift
/// try ModelExport("runs/base/model").write(.pytorch, to: "exported")
/// ```
public struct ModelExport {
  /// Writes the model into a folder, which replaces an earlier export of the same form as a whole.
  ///
  /// - Returns: The names of the files in the folder.
  /// - Throws: `Fault(.usage)` for a model that has no such form, `Fault(.cannotWrite)` for a folder that holds
  ///   something else. An earlier folder at the path stays then.
  @discardableResult
  public func write(_ format: ExportFormat, to path: String) throws(Fault) -> [String] {
    []
  }
}
