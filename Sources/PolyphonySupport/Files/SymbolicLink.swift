import Foundation

/// The rule for symbolic links at the end of an output's path: the link stays, and what it names is written.
///
/// `cp` follows the same rule. A link that names nothing is refused, as `cp` refuses it.
enum SymbolicLink {
  /// More links than this are a circle.
  private static let mostLinks = 40

  /// Follows the links at the end of a path. The path itself comes back if it is no link.
  static func target(of path: String) -> String {
    var place = path
    for _ in 0..<mostLinks {
      // An open descriptor looks like a link to its file, and must not be replaced as one.
      guard OutputPlace.descriptor(place) == nil, let next = destination(of: place) else { return place }
      place = next.hasPrefix("/") ? next : "\(place.parentFolder)/\(next)"
    }
    return path
  }

  /// Throws for a path that was a link and names nothing.
  static func checkTarget(_ place: String, of path: String) throws(Fault) {
    guard place != path || destination(of: path) != nil else { return }
    throw Fault(
      .cannotWrite, "the output is a symbolic link that leads nowhere", file: path, found: "a link to \(place)",
      expected: "a link to a file or folder", remedy: "remove the link, or make what it names")
  }

  /// The content of one link. Nil for anything else.
  private static func destination(of path: String) -> String? {
    let (folder, name) = TemporaryName.split(path)
    // A slash at the end of the path would follow the link.
    let link = name.isEmpty ? path : "\(folder)/\(name)"
    guard FileStatus(link)?.kind == .link else { return nil }
    return try? FileManager.default.destinationOfSymbolicLink(atPath: link)
  }
}
