/// The volumes that samples are slices of, or that samples are as a whole.
///
/// Metrics by patient put the samples of a volume together in the order of its slices.
///
/// ```swift
/// let test = try Dataset("lesions").labelled("test")
/// for group in test.volumes?.groups ?? [] {
///   print(group.name ?? "volume \(group.volume)", group.rows.count)
/// }
/// ```
public struct VolumeSlices: Equatable, Sendable {
  /// The samples of one volume.
  public struct Group: Equatable, Sendable {
    /// The place of the volume in `volumes.json`.
    public var volume: Int
    /// The name of the volume; nil without `volumes.json`.
    public var name: String?
    /// The samples, in the order of their slices.
    public var rows: [Int]
    /// The place of each sample along the axis of slices, or that of its first slice.
    public var slices: [Int]
    /// The distance of neighbouring slices of a sample along the axis of the file: −1 if the file runs downwards.
    var step = 1
    /// The distances of neighbouring slices, rows and columns in millimetres. Without `volumes.json` it is nil, and
    /// distances are counted in pixels.
    public var spacing: [Double]?
  }

  /// The volume of each sample.
  public let volume: [Int]
  /// The place of each sample along the axis of slices. That of a whole volume is the place of its first slice.
  public let slice: [Int]
  /// The descriptions of the volumes; nil without `volumes.json`.
  public let list: VolumeList?

  /// Makes places from memory.
  public init(volume: [Int], slice: [Int], list: VolumeList? = nil) {
    (self.volume, self.slice, self.list) = (volume, slice, list)
  }

  /// The places of samples that are one volume in their order.
  public static func single(_ count: Int) -> VolumeSlices {
    VolumeSlices(volume: Array(repeating: 0, count: count), slice: Array(0..<count))
  }

  /// The places of samples that are a volume each.
  public static func whole(_ count: Int) -> VolumeSlices {
    VolumeSlices(volume: Array(0..<count), slice: Array(repeating: 0, count: count))
  }

  /// The samples by volume, in the order of the volumes.
  public var groups: [Group] {
    Dictionary(grouping: volume.indices) { volume[$0] }.sorted { $0.key < $1.key }.map { volume, rows in
      let rows = rows.sorted { (slice[$0], $0) < (slice[$1], $1) }
      let known = list.flatMap { $0.volumes.indices.contains(volume) ? $0.volumes[volume] : nil }
      return Group(
        volume: volume, name: known?.name, rows: rows, slices: rows.map { slice[$0] }, step: known?.step ?? 1,
        spacing: known?.pictureSpacing)
    }
  }

  /// The places of some samples, in the order of `indices`.
  func rows(_ indices: [Int]) -> VolumeSlices {
    VolumeSlices(volume: indices.map { volume[$0] }, slice: indices.map { slice[$0] }, list: list)
  }
}
