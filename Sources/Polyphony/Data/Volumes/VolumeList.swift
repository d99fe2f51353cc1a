import Foundation

/// The content of `volumes.json`: the volumes whose slices are the samples of a data set.
///
/// A split's tensor `volume` `[N]` holds places in this list, and its tensor `slice` `[N]` the places along
/// `axes[0]` of the file.
public struct VolumeList: Codable, Equatable, Sendable {
  /// The name of the file in a data set's folder.
  public static let fileName = "volumes.json"

  /// The number of each class in the files of masks; nil where classes are these numbers.
  public var labels: [Int]?
  /// The volumes.
  public var volumes: [Volume]

  /// Makes a list.
  public init(_ volumes: [Volume], labels: [Int]? = nil) { (self.volumes, self.labels) = (volumes, labels) }

  /// Reads the list of a data set's folder. Without the file it is nil.
  /// - Throws: `Fault(.badData)` for a damaged file.
  public init?(folder: String) throws(Fault) {
    let path = "\(folder)/\(Self.fileName)"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let remedy = "restore the file, or convert the volumes again"
    self = try JSONFile.read(Self.self, from: path, remedy: remedy)
    for (index, volume) in volumes.enumerated() {
      guard let wrong = volume.contradiction else { continue }
      throw Fault(
        .badData, "the description of a volume makes no sense", file: path, key: "volumes.\(index).\(wrong.key)",
        found: wrong.found, expected: wrong.expected, remedy: remedy)
    }
  }

  /// Writes the list into a data set's folder.
  /// - Throws: `Fault(.cannotWrite)`.
  package func write(to folder: String) throws(Fault) { try JSONFile.write(self, to: "\(folder)/\(Self.fileName)") }
}
