import Foundation
import Torch

/// A run's metrics as a file of JSON lines, such as `{"epoch": 3, "step": 120, "split": "valid", "mae": 0.74}`.
///
/// `epoch` and `step` come first, then the split, then the metrics in their order. An undefined metric is `null`. Each
/// record is written whole and at once, so that other programs can follow the file. A resumed run first removes the
/// records of steps that it repeats (`truncate(after:)`), and the unfinished line of a killed run.
///
/// ```swift
/// let log = try MetricsLog(path: "runs/base/metrics.jsonl")
/// try log.truncate(after: .init(epoch: 2, step: 80))
/// try log.append(["mae": 0.74], split: "valid", at: .init(epoch: 3, step: 120))
/// ```
public final class MetricsLog {
  /// A point of a run. All records of the same epoch and step belong to it.
  public struct Position: Comparable, Sendable {
    /// The epoch.
    public var epoch: Int
    /// The step, counted over the whole run.
    public var step: Int

    /// Makes a position.
    public init(epoch: Int, step: Int) {
      self.epoch = epoch
      self.step = step
    }

    /// Orders by epoch, then by step.
    public static func < (left: Position, right: Position) -> Bool {
      (left.epoch, left.step) < (right.epoch, right.step)
    }
  }

  /// The path of the file.
  public let path: String
  private var handle: FileHandle

  /// Opens a file for further records, and makes it if it is missing.
  ///
  /// - Throws: `Fault(.cannotWrite)`.
  public init(path: String) throws(Fault) {
    self.path = path
    handle = try Self.open(path)
  }

  /// Adds a record.
  ///
  /// - Throws: `Fault(.cannotWrite)`.
  public func append(_ values: MetricValues, split: String, at position: Position) throws(Fault) {
    var members: [OrderedJSON.Member] = [
      .init("epoch", .integer(position.epoch)), .init("step", .integer(position.step)), .init("split", .string(split)),
    ]
    for (name, value) in values { members.append(.init(name, value.map(OrderedJSON.number) ?? .null)) }
    do {
      try handle.write(contentsOf: Data((OrderedJSON.object(members).text(.line) + "\n").utf8))
    } catch {
      throw Fault(.cannotWrite, "the metrics cannot be written", file: path, found: describe(error))
    }
  }

  /// Removes the records after a position, and all lines that are no records. Nil removes all records.
  ///
  /// The file is replaced as a whole. A run that is killed meanwhile leaves the old or the new file.
  ///
  /// - Throws: `Fault(.cannotWrite)`.
  public func truncate(after position: Position?) throws(Fault) {
    let kept = try Self.lines(of: path).filter { line in
      guard let position, let place = Self.position(of: line) else { return false }
      return place <= position
    }
    try AtomicFile.write(kept.map { $0 + "\n" }.joined(), to: path)
    handle = try Self.open(path)
  }

  /// Flushes the file to the disk.
  ///
  /// - Throws: `Fault(.cannotWrite)`.
  public func flush() throws(Fault) {
    do {
      try handle.synchronize()
    } catch {
      throw Fault(.cannotWrite, "the metrics cannot be written", file: path, found: describe(error))
    }
  }

  /// True if a file begins with a record, or with the unfinished one of a killed run. A run that has ended in its first
  /// epoch leaves an empty log.
  static func isLog(_ path: String) -> Bool {
    guard let lines = try? lines(of: path) else { return false }
    guard let first = lines.first else { return true }
    if let record = try? OrderedJSON(parsing: first) { return position(of: first) != nil && record["split"] != nil }
    let start = "{\"epoch\": "
    return lines.count == 1 && (first.hasPrefix(start) || start.hasPrefix(first))
  }

  private static func lines(of path: String) throws(Fault) -> [String] {
    do {
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    } catch {
      throw Fault(.cannotWrite, "the metrics cannot be read back", file: path, found: describe(error))
    }
  }

  private static func position(of line: String) -> Position? {
    guard let record = try? OrderedJSON(parsing: line), case .integer(let epoch)? = record["epoch"],
      case .integer(let step)? = record["step"]
    else { return nil }
    return Position(epoch: epoch, step: step)
  }

  private static func open(_ path: String) throws(Fault) -> FileHandle {
    let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw Fault(.cannotWrite, "the metrics cannot be written", file: path, found: String(cString: strerror(errno)))
    }
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }
}
