import Foundation
import Polyphony
import PolyphonyConversion
import Torch

/// The features of inputs, or prepared raw inputs, by the hash of their content, kept in a file that only grows.
///
/// A computation that is stopped leaves what it has, and the next one goes on from there. The file is a header and then,
/// for each input, its hash, its number of steps, a checksum and the numbers. A record that was not written whole is cut
/// off. Only one process appends; another one reads, and keeps its own new features in memory.
final class FeatureCache {
  /// The SHA-256 of an input.
  typealias Key = String

  private struct Place {
    let offset: Int
    let steps: Int
    let checksum: [UInt8]
  }

  private static let magic = "polyphony-features-1\n"
  private static let headerSize = magic.utf8.count + 4
  private static let recordSize = 64 + 4 + 16

  /// The numbers of a step. It is nil while nothing is kept.
  private(set) var width: Int?
  private let path: String?
  private let descriptor: Int32
  private let isWriter: Bool
  private var end = 0
  private var places: [Key: Place] = [:]
  private var memory: [Key: [UInt8]] = [:]
  /// The type of a number.
  private let type: SafetensorsType

  /// Opens or makes the file of an encoder in a folder. Without a folder everything stays in memory.
  /// - Parameter kind: the kind of raw inputs, if the file keeps such.
  /// - Throws: `Fault(.cannotWrite)` for a folder or file that cannot be made.
  init(folder: String?, for record: EncoderRecord, _ kind: Modality.Kind? = nil) throws(Fault) {
    type = kind?.elementType ?? .f32
    guard let folder else {
      (path, descriptor, isWriter) = (nil, -1, false)
      return
    }
    try makeFolder(folder)
    let name =
      "\(kind?.rawValue ?? record.content)-\(record.sha256.prefix(16))-\(record.layer)-\(record.pooling)-\(record.longest ?? 0)"
      + (record.rate.map { "-\($0)" } ?? "") + (record.detector.map { "-\($0.sha256.prefix(16))" } ?? "") + ".features"
    let path = "\(folder)/\(name)"
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw Fault(
        .cannotWrite, "features cannot be kept in this folder", file: path, found: String(cString: strerror(errno)),
        remedy: "name another folder: --cache FOLDER, or --cache none")
    }
    (self.path, self.descriptor) = (path, descriptor)
    isWriter = flock(descriptor, LOCK_EX | LOCK_NB) == 0
    read()
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Finds the whole records.
  private func read() {
    let size = Int(lseek(descriptor, 0, SEEK_END))
    var header = [UInt8](repeating: 0, count: Self.headerSize)
    guard pread(descriptor, &header, header.count, 0) == header.count, header.starts(with: Self.magic.utf8) else {
      return
    }
    let width = Int(Self.number(header.suffix(4)))
    guard width > 0 else { return }
    end = Self.headerSize
    var record = [UInt8](repeating: 0, count: Self.recordSize)
    while end + Self.recordSize <= size, pread(descriptor, &record, record.count, off_t(end)) == record.count {
      let steps = Int(Self.number(record[64..<68]))
      let next = end + Self.recordSize + steps * width * type.size
      guard next <= size else { break }
      let key = String(decoding: record[..<64], as: UTF8.self)
      places[key] = Place(offset: end + Self.recordSize, steps: steps, checksum: Array(record[68...]))
      end = next
    }
    self.width = width
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  private static func bytes(_ number: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } }

  private static func checksum(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    Array(FileHash.sha256(of: bytes).utf8.prefix(16))
  }

  /// Returns the number of steps of an input. It is nil if the input is not kept.
  func steps(of key: Key) -> Int? {
    places[key]?.steps ?? memory[key].map { $0.count / max(1, (width ?? 1) * type.size) }
  }

  /// Returns the numbers of an input.
  /// - Throws: `Fault(.badData)` if the file is damaged there.
  func numbers(of key: Key) throws(Fault) -> [Float] {
    if let bytes = memory[key] { return bytes.withUnsafeBytes(ElementType(type).numbers) }
    guard let place = places[key], let width else { return [] }
    var content = [UInt8](repeating: 0, count: place.steps * width * type.size)
    let isWhole = content.withUnsafeMutableBytes { bytes in
      pread(descriptor, bytes.baseAddress, bytes.count, off_t(place.offset)) == bytes.count
        && Self.checksum(UnsafeRawBufferPointer(bytes)) == place.checksum
    }
    guard isWhole else {
      throw Fault(.badData, "kept features are damaged", file: path, remedy: "remove the file, and run this again")
    }
    return content.withUnsafeBytes(ElementType(type).numbers)
  }

  /// Keeps the numbers of inputs.
  /// - Throws: `Fault(.cannotWrite)` if the disk is full.
  func append(_ features: [(key: Key, numbers: [Float])], width: Int) throws(Fault) {
    self.width = width
    guard isWriter, let path else {
      for (key, numbers) in features { memory[key] = type.bytes(of: numbers) }
      return
    }
    var bytes: [UInt8] = []
    var start = end
    if start == 0 {
      bytes = Array(Self.magic.utf8) + Self.bytes(width)
      start = Self.headerSize
    }
    var found: [Key: Place] = [:]
    for (key, numbers) in features {
      let steps = numbers.count / width
      type.bytes(of: numbers).withUnsafeBytes { content in
        let checksum = Self.checksum(content)
        bytes += Array(key.utf8) + Self.bytes(steps) + checksum
        found[key] = Place(offset: start + Self.recordSize, steps: steps, checksum: checksum)
        bytes += content
        start += Self.recordSize + content.count
      }
    }
    ftruncate(descriptor, off_t(end))
    guard pwrite(descriptor, bytes, bytes.count, off_t(end)) == bytes.count else {
      throw Fault(
        .cannotWrite, "features cannot be kept", file: path, found: String(cString: strerror(errno)),
        remedy: "free some space, or keep none: --cache none")
    }
    end = start
    places.merge(found) { $1 }
  }
}
