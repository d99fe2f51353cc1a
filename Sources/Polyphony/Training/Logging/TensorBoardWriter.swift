import Foundation
import SwiftProtobuf
import Torch

/// Writes scalars into TensorBoard's event files. `tensorboard --logdir runs` shows them.
///
/// A file is a sequence of TFRecord frames. A frame has the length (8 bytes, little-endian), the masked CRC-32C of the
/// length, the data, and the masked CRC-32C of the data. The data is an `Event` (Protocols/tensorboard_event.proto). A
/// run in a folder with earlier files begins a new one. Its second event gives the step from which on the earlier files
/// are void.
///
/// Values stay in memory until `flush()`, which a run calls at the end of an epoch.
///
/// ```swift
/// let events = try TensorBoardWriter(folder: "runs/base")
/// try events.add(["valid/loss": 0.41], step: 120)
/// try events.flush()
/// ```
public final class TensorBoardWriter {
  /// The path of the event file.
  public let path: String
  private let handle: FileHandle
  private let now: () -> Double
  private var pending = Data()

  /// Begins a new file in a folder, and makes the folder if it is missing.
  ///
  /// - Parameters:
  ///   - folder: the folder of the run.
  ///   - lastStep: the last valid step of a resumed run. Later steps in earlier files become void. Nil voids all steps
  ///     of earlier files.
  ///   - now: the clock, in seconds since 1970.
  /// - Throws: `Fault(.cannotWrite)`.
  public init(
    folder: String, resumingAfter lastStep: Int? = nil, now: @escaping () -> Double = { Date().timeIntervalSince1970 }
  ) throws(Fault) {
    try makeFolder(folder)
    let earlier = Self.latestSecond(in: folder)
    // A process number says nothing about the order of two files, so no two files have one second.
    (path, handle) = try Self.newFile(in: folder, seconds: max(Int(now()), earlier.map { $0 + 1 } ?? 0))
    self.now = now
    try append(step: 0) { $0.fileVersion = "brain.Event:2" }
    if let start = lastStep.map({ $0 + 1 }) ?? earlier.map({ _ in 0 }) {
      try append(step: start) { $0.sessionLog = .with { $0.status = .start } }
    }
    try flush()
  }

  /// Adds values at a step. It leaves out undefined and non-finite values.
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

  /// Writes the added values to the disk.
  ///
  /// - Throws: `Fault(.cannotWrite)`.
  public func flush() throws(Fault) {
    guard !pending.isEmpty else { return }
    do {
      try handle.write(contentsOf: pending)
      try handle.synchronize()
    } catch {
      throw Fault(.cannotWrite, "the event file cannot be written", file: path, found: describe(error))
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

  /// Puts data into the frame of a TFRecord.
  static func frame(_ data: Data) -> Data {
    let length = withUnsafeBytes(of: UInt64(data.count).littleEndian) { Data($0) }
    let checksum = { (data: Data) in withUnsafeBytes(of: CRC32C.masked(data).littleEndian) { Data($0) } }
    return length + checksum(length) + data + checksum(data)
  }

  /// The second in the names of the newest event files of a folder. Nil without one.
  private static func latestSecond(in folder: String) -> Int? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasPrefix(prefix) }
      .compactMap { Int($0.dropFirst(prefix.count).prefix { $0 != "." }) }.filter { $0 < 9_999_999_999 }.max()
  }

  private static let prefix = "events.out.tfevents."

  /// Makes a file with a name in TensorBoard's form. The name sorts after those of earlier files.
  private static func newFile(in folder: String, seconds: Int) throws(Fault) -> (path: String, handle: FileHandle) {
    let time = String(format: "%010d", seconds)
    for attempt in 0..<1000 {
      let suffix = "\(getpid()).\(String(format: "%03d", attempt))"
      let path = "\(folder)/\(prefix)\(time).\(hostName).\(suffix)"
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

  /// The machine's name with `-` for all characters but letters and digits. `ProcessInfo` would query the network.
  private static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "host" }
    let name = buffer.prefix { $0 != 0 }.map { Character(Unicode.Scalar(UInt8(bitPattern: $0))) }
    return String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
  }
}
