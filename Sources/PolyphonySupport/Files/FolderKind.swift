import Foundation

/// A kind of folder that is written and replaced as a whole, such as a model. A file in it is the mark of its kind.
///
/// A folder without the mark belongs to somebody else. ``AtomicFolder`` refuses to replace it, unless it is empty.
public struct FolderKind: Sendable {
  /// The kind in the words of a message, such as «a model».
  public let name: String
  /// The name of the file that every folder of this kind has.
  public let mark: String
  /// The name of another file that marks a damaged folder, which has lost the first.
  private let secondMark: String?
  private let files: @Sendable (_ folder: String) -> Set<String>?

  /// Describes a kind.
  ///
  /// - Parameters:
  ///   - name: the kind in the words of a message.
  ///   - mark: the name of the file that every folder of this kind has.
  ///   - secondMark: the name of another file that marks a damaged folder. By default there is none.
  ///   - files: returns the other names that the writer gives to files and folders. Nil means that the mark is a file of
  ///     another program.
  public init(
    _ name: String, mark: String, or secondMark: String? = nil,
    files: @escaping @Sendable (_ folder: String) -> Set<String>?
  ) {
    (self.name, self.mark, self.secondMark, self.files) = (name, mark, secondMark, files)
  }

  /// The names that a folder may have from its writer, with the mark. Nil for a folder that is not of this kind.
  package func ownFiles(in folder: String) -> Set<String>? {
    let isMarked = [mark, secondMark].contains { mark in
      mark.map { FileManager.default.fileExists(atPath: "\(folder)/\($0)") } ?? false
    }
    guard isMarked else { return nil }
    return files(folder)?.union([mark])
  }

  /// The names in a folder of this kind that are somebody else's, sorted.
  func foreignFiles(in folder: String) -> [String] {
    let own = ownFiles(in: folder) ?? []
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !own.contains($0) }.sorted()
  }

  /// Refuses a folder, since files of somebody else would be lost.
  func refuse(_ path: String, _ foreign: [String]) -> Fault {
    let more = foreign.count > 4 ? ", …" : ""
    return Fault(
      .cannotWrite, "the output folder holds something else than \(name), which would be lost", file: path,
      found: foreign.prefix(4).joined(separator: ", ") + more,
      expected: "a new or empty folder, or \(name) to replace (with \(mark))", remedy: "name another folder")
  }
}
