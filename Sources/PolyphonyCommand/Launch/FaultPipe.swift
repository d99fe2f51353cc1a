import Foundation
import Polyphony

/// The pipe through which workers give their faults to the command that started them.
///
/// Several workers may meet the same fault. The command prints that of the first one that ended, so the user reads one
/// message.
struct FaultPipe {
  private let reading: Int32
  /// The end that workers inherit.
  let writing: Int32

  /// Makes the pipe.
  /// - Throws: `Fault(.failure)` without a free descriptor.
  init() throws(Fault) {
    (reading, writing) = try ClosedPipe.make()
    _ = fcntl(writing, F_SETFD, 0)
    for end in [reading, writing] { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
  }

  /// Writes a fault as the user is to read it. The system does not mix messages of up to `PIPE_BUF` bytes.
  ///
  /// A message is lost if the pipe is full, or if the command is gone. The exit code remains.
  static func send(_ fault: Fault, rank: Int, to descriptor: Int32) {
    // Writing to a pipe without a reader would end the process with another exit code.
    signal(SIGPIPE, SIG_IGN)
    let text = "\(rank) \(fault.rendered(isColored: Terminal.isColored))"
    let bytes = Array(text.utf8.prefix(Int(PIPE_BUF) - 1)) + [0]
    _ = write(descriptor, bytes, bytes.count)
  }

  /// Reads all messages, by the rank of their workers, and closes the pipe. All workers must have ended.
  func messages() -> [Int: String] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = read(reading, &piece, piece.count), count > 0 { bytes += piece.prefix(count) }
    for end in [reading, writing] { close(end) }
    var messages: [Int: String] = [:]
    for message in bytes.split(separator: 0) {
      let parts = String(decoding: message, as: UTF8.self).split(separator: " ", maxSplits: 1)
      if parts.count == 2, let rank = Int(parts[0]) { messages[rank] = String(parts[1]) }
    }
    return messages
  }
}
