import Foundation
import SwiftProtobuf
import Torch

/// Writes scalars as TensorBoard's event files: `tensorboard --logdir runs` shows them.
///
/// A file is a sequence of TFRecord frames, each: length (8 bytes, little-endian), masked CRC-32C of the length, data,
/// masked CRC-32C of the data; the data is an `Event` (Protocols/tensorboard_event.proto). A resumed run begins a new
/// file in the same folder, whose second event says from which step on the earlier files are void.
///
/// Values are kept in memory until `flush()`, which is called at the end of an epoch.
public final class TensorBoardWriter {
  /// The file that is written.
  public let path: String
  private let handle: FileHandle
  private let now: () -> Double
  private var pending = Data()

  /// Begins a new file in a folder, which is made where it is missing.
  ///
  /// - Parameters:
  ///   - folder: The folder of the run.
  ///   - lastStep: Where a run is resumed, the last step that counts; what earlier files hold after it becomes void.
  ///   - now: Seconds since 1970.
  /// - Throws: `Fault(.cannotWrite)`.
  public init(
    folder: String, resumingAfter lastStep: Int? = nil, now: @escaping () -> Double = { Date().timeIntervalSince1970 }
  ) throws(Fault) {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw Fault(.cannotWrite, "the folder cannot be made", file: folder, found: error.localizedDescription)
    }
    (path, handle) = try Self.newFile(in: folder, seconds: Int(now()))
    self.now = now
    try append(step: 0) { $0.fileVersion = "brain.Event:2" }
    if let lastStep {
      try append(step: lastStep + 1) { $0.sessionLog = .with { $0.status = .start } }
    }
    try flush()
  }

  /// Adds values at a step; those that are undefined or not finite are left out.
  ///
  /// - Throws: `Fault(.failure)` when the values cannot be encoded.
  public func add(_ values: MetricValues, step: Int, prefix: String = "") throws(Fault) {
    let points = values.compactMap { name, value in
      value.map { value in
        TensorBoardSummary.Value.with {
          $0.tag = prefix + name
          $0.simpleValue = Float(value)
        }
      }
    }
    guard !points.isEmpty else { return }
    try append(step: step) { $0.summary = .with { $0.value = points } }
  }

  /// Writes what was added to the disk.
  ///
  /// - Throws: `Fault(.cannotWrite)`.
  public func flush() throws(Fault) {
    guard !pending.isEmpty else { return }
    do {
      try handle.write(contentsOf: pending)
      try handle.synchronize()
    } catch {
      throw Fault(.cannotWrite, "the event file cannot be written", file: path, found: error.localizedDescription)
    }
    pending.removeAll(keepingCapacity: true)
  }

  private func append(step: Int, _ fill: (inout TensorBoardEvent) -> Void) throws(Fault) {
    var event = TensorBoardEvent()
    event.wallTime = now()
    event.step = Int64(step)
    fill(&event)
    do {
      pending.append(Self.frame(try event.serializedData()))
    } catch {
      throw Fault(.failure, "an event cannot be encoded", file: path, found: "\(error)")
    }
  }

  /// Data in the frame of a TFRecord.
  static func frame(_ data: Data) -> Data {
    let length = withUnsafeBytes(of: UInt64(data.count).littleEndian) { Data($0) }
    let checksum = { (data: Data) in withUnsafeBytes(of: CRC32C.masked(data).littleEndian) { Data($0) } }
    return length + checksum(length) + data + checksum(data)
  }

  /// Makes a file of TensorBoard's form of name, later in the order of names than those that are there.
  private static func newFile(in folder: String, seconds: Int) throws(Fault) -> (path: String, handle: FileHandle) {
    let time = String(format: "%010d", seconds)
    for attempt in 0..<1000 {
      let suffix = "\(getpid()).\(String(format: "%03d", attempt))"
      let path = "\(folder)/events.out.tfevents.\(time).\(hostName).\(suffix)"
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 { return (path, FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)) }
      let code = errno
      guard code == EEXIST else {
        throw Fault(
          .cannotWrite, "the event file cannot be made", file: path, found: String(cString: strerror(code)))
      }
    }
    throw Fault(.cannotWrite, "the folder holds too many event files of one second", file: folder)
  }

  /// The machine's name, as far as it is letters and digits. (`ProcessInfo` would ask the network for it.)
  private static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "host" }
    let name = buffer.prefix { $0 != 0 }.map { Character(Unicode.Scalar(UInt8(bitPattern: $0))) }
    return String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
  }
}
