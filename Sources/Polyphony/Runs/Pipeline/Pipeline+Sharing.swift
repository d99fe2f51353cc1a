import Foundation
import Torch

/// The work of one among several processes, which compute different cells of a pipeline at the same time.
///
/// The system's locks divide the work. A process takes a stage if the stages before it are finished and no other process
/// has locked its folder. So processes may end at any time, and whoever comes later goes on with what they leave.
extension Pipeline {
  /// The seconds between two looks at the stages that other processes compute.
  private static let pause = 0.1

  /// A cell that is not known to be finished.
  private struct OpenCell {
    let cell: PipelineCell
    /// The first stage that is not known to be finished.
    var next = 0
  }

  private enum Advance {
    /// All stages and the scores of the cell are finished.
    case finished
    /// Another process computes the next stage, or the scores.
    case waits
    /// The user stopped the process.
    case stopped
  }

  /// A hash of the names of all folders and files. It is the same in processes that compute the same pipeline.
  package func fingerprint() throws(Fault) -> String { Self.fingerprint(of: try cells()) }

  static func fingerprint(of cells: [PipelineCell]) -> String {
    let names = cells.flatMap { $0.places.map(\.relative) + [$0.scores] }
    return FileHash.sha256(names.joined(separator: "\n").utf8)
  }

  /// Computes stages and scores beside other processes, until every cell is finished.
  /// - Returns: False if the user stopped the process.
  /// - Throws: `Fault` for errors in data, stages or output, and for a file system without locks.
  package func work() throws(Fault) -> Bool {
    var open = try cells().map { OpenCell(cell: $0) }
    while !open.isEmpty {
      var rest: [OpenCell] = []
      var busy: Set<String> = []
      for var cell in open {
        guard !StopSignal.isRequested else { return false }
        switch try advance(&cell, &busy) {
        case .finished: break
        case .waits: rest.append(cell)
        case .stopped: return false
        }
      }
      if rest.count == open.count { Thread.sleep(forTimeInterval: Self.pause) }
      open = rest
    }
    return true
  }

  /// Computes what a cell lacks, up to the first part that another process computes.
  /// - Parameter busy: the stages that other processes have locked, so that many cells behind one stage ask once.
  private func advance(_ open: inout OpenCell, _ busy: inout Set<String>) throws(Fault) -> Advance {
    let cell = open.cell
    while open.next < cell.places.count {
      let place = cell.places[open.next]
      guard !busy.contains(place.path) else { return .waits }
      if place.record() == nil {
        guard let lock = try claim(place.path) else {
          busy.insert(place.path)
          return .waits
        }
        defer { withExtendedLifetime(lock) {} }
        guard try run(stage: open.next, of: cell) != nil else { return .stopped }
      }
      open.next += 1
    }
    guard cell.knownScores() == nil else { return .finished }
    // Methods with the same stages share their scores, so the lock of the last stage is theirs too.
    guard let lock = try claim(cell.places.last?.path ?? scoresFolder) else { return .waits }
    defer { withExtendedLifetime(lock) {} }
    guard !StopSignal.isRequested else { return .stopped }
    _ = try scores(of: cell)
    return .finished
  }

  /// Locks a folder. Returns nil if another process has it.
  /// - Throws: `Fault(.cannotWrite)` without locks, because processes would then write the same files.
  private func claim(_ folder: String) throws(Fault) -> FolderLock? {
    try makeFolder(folder)
    let lock: FolderLock?
    do throws(Fault) {
      lock = try FolderLock.take(folder)
    } catch {
      // `FolderLock` has no other fault than this.
      return nil
    }
    guard let lock else {
      throw Fault(
        .cannotWrite, "several processes need an output folder that can be locked", file: folder,
        found: "a file system without locks", remedy: "name a folder on another file system, or use one process")
    }
    return lock
  }
}
