import Foundation

extension String {
  /// The folder that contains a path: `.` for a name alone, `/` for a path at the root.
  ///
  /// Foundation's `deletingLastPathComponent` ends the process on Linux for a path of a single letter.
  public var parentFolder: String {
    var path = self[...]
    while path.count > 1, path.last == "/" { path = path.dropLast() }
    guard let slash = path.lastIndex(of: "/") else { return "." }
    path = path[..<slash]
    while path.count > 1, path.last == "/" { path = path.dropLast() }
    return path.isEmpty ? "/" : String(path)
  }
}
