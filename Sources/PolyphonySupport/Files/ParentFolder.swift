import Foundation

extension String {
  /// The folder that a path lies in; `.` for a name alone, `/` for what lies at the root.
  ///
  /// Foundation's `deletingLastPathComponent` ends the process on Linux where the path is a single letter.
  public var parentFolder: String {
    var path = self[...]
    while path.count > 1, path.last == "/" { path = path.dropLast() }
    guard let slash = path.lastIndex(of: "/") else { return "." }
    path = path[..<slash]
    while path.count > 1, path.last == "/" { path = path.dropLast() }
    return path.isEmpty ? "/" : String(path)
  }
}
