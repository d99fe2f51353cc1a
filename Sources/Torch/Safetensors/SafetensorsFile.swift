import Foundation

/// A safetensors file, mapped into memory, so that the disk reads only the parts in use.
///
/// The initialiser checks the whole header (see `SafetensorsHeader`), so every later access is within the file. The map
/// lasts as long as the object. A file must not be shortened while it is open. `AtomicFile` and `SafetensorsWriter`
/// never shorten one, because they put a new file in place of the old one.
///
/// ```swift
/// let file = try SafetensorsFile(path: "model.safetensors")
/// for entry in file.entries { print(entry.name, entry.dtype, entry.shape) }
/// let weight = try file.tensor("fc1.weight")
/// try model.load(file.tensors(), file: file.path)
/// ```
public final class SafetensorsFile: @unchecked Sendable {
  // Unchecked because of the pointer: everything is constant after `init`, and the map is read-only.
  /// A tensor in the file: name, type, shape and byte range.
  public typealias Entry = SafetensorsHeader.Entry

  /// The path of the file.
  public let path: String
  /// The marks of the file that is mapped. Another file may take its path later.
  package let signature: FileSignature
  private let map: UnsafeRawBufferPointer
  private let header: SafetensorsHeader
  private let indices: [String: Int]

  /// Maps a file and checks its header.
  ///
  /// - Throws: `Fault(.missingInput)` if the file is absent or unreadable, `Fault(.badData)` if it is not a valid
  ///   safetensors file.
  public init(path: String) throws(Fault) {
    let (map, signature) = try Self.map(path)
    do throws(Fault) {
      header = try SafetensorsHeader(parsing: map, file: path)
    } catch {
      munmap(UnsafeMutableRawPointer(mutating: map.baseAddress), map.count)
      throw error
    }
    self.path = path
    self.map = map
    self.signature = signature
    indices = Dictionary(uniqueKeysWithValues: header.entries.enumerated().map { ($1.name, $0) })
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: map.baseAddress), map.count) }

  /// The tensors in the order of their data.
  public var entries: [Entry] { header.entries }
  /// The free entries under `__metadata__`.
  public var metadata: [String: String] { header.metadata }

  /// The tensor with a name, if there is one.
  public subscript(name: String) -> Entry? { indices[name].map { header.entries[$0] } }

  /// Calls `body` with the bytes of a tensor. They may be unaligned and are valid only during the call.
  ///
  /// - Throws: `Fault(.badData)` if there is no tensor of this name, or the error of `body`.
  public func withBytes<Result>(
    of name: String, _ body: (UnsafeRawBufferPointer) throws(Fault) -> Result
  ) throws(Fault) -> Result {
    guard let entry = self[name] else {
      let names = entries.prefix(8).map(\.name).joined(separator: ", ")
      throw Fault(
        .badData, "the file holds no tensor of this name", file: path, key: name,
        found: entries.isEmpty ? "no tensors" : entries.count > 8 ? "\(names), …" : names)
    }
    defer { withExtendedLifetime(self) {} }
    return try body(UnsafeRawBufferPointer(rebasing: map[entry.range]))
  }

  /// Calls `body` with a range of the file's bytes, counted from the start of the file.
  func withPages(_ range: Range<Int>, _ body: (UnsafeMutableRawPointer) -> Void) {
    guard let start = map.baseAddress, range.lowerBound >= 0, range.upperBound <= map.count else { return }
    body(UnsafeMutableRawPointer(mutating: start + range.lowerBound))
    withExtendedLifetime(self) {}
  }

  private static func map(_ path: String) throws(Fault) -> (UnsafeRawBufferPointer, FileSignature) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw Fault(.missingInput, "the file cannot be opened", file: path, found: describe(errno: errno))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw Fault(.missingInput, "this is not a file", file: path, expected: "a safetensors file")
    }
    let size = Int(status.st_size)
    guard size >= 8 else {
      throw Fault(
        .badData, "the file is too short for a safetensors file", file: path, found: "\(size) bytes",
        expected: "at least 8")
    }
    guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw Fault(.failure, "the file cannot be mapped into memory", file: path, found: describe(errno: errno))
    }
    return (UnsafeRawBufferPointer(start: start, count: size), FileSignature(status))
  }
}
