import Foundation
import PolyphonySupport

/// A connected socket that never blocks.
final class ServiceSocket {
  /// The outcome of an attempt to receive.
  enum Receipt {
    case bytes(Int), end, later
  }

  /// The most bytes that are read and thrown away, so that a client gets the answer to a request that nobody reads.
  private static let lingering = 1 << 20

  private let descriptor: Int32

  /// Takes the descriptor of a connected socket over.
  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var on: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    #if canImport(Darwin)
      setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
    #endif
  }

  /// Takes what has come, as much as fits into the memory.
  func receive(into memory: UnsafeMutableRawBufferPointer) -> Receipt {
    while true {
      let count = recv(descriptor, memory.baseAddress, memory.count, 0)
      if count > 0 { return .bytes(count) }
      guard count < 0 else { return .end }
      switch errno {
      case EINTR: continue
      case EAGAIN, EWOULDBLOCK: return .later
      default: return .end
      }
    }
  }

  /// Waits until something comes, the stop line is pulled, or the time is over.
  func waitToReceive(or stop: StopLine?, milliseconds: Int32) {
    var entries = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
    if let stop { entries.append(pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)) }
    _ = poll(&entries, nfds_t(entries.count), milliseconds)
  }

  /// Sends all bytes. False if the client is gone or does not take them in time.
  func send(_ bytes: ArraySlice<UInt8>, until deadline: Deadline) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Self.send(descriptor, $0) }
      if count > 0 {
        rest = rest.dropFirst(count)
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN, EWOULDBLOCK:
        guard let time = deadline.milliseconds else { return false }
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&entry, 1, time)
      default: return false
      }
    }
    return true
  }

  private static func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Darwin)
      Foundation.send(descriptor, bytes.baseAddress, bytes.count, 0)
    #else
      Foundation.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    #endif
  }

  /// Closes the socket.
  /// - Parameter lingers: true if unread bytes may be on their way. A socket that is closed with unread bytes takes the
  ///   last answer away from its client.
  func close(lingers: Bool) {
    if lingers {
      shutdown(descriptor, Int32(SHUT_WR))
      let deadline = Deadline(1)
      var buffer = [UInt8](repeating: 0, count: 64 << 10)
      var left = Self.lingering
      drain: while left > 0, let time = deadline.milliseconds {
        switch buffer.withUnsafeMutableBytes({ receive(into: $0) }) {
        case .bytes(let count): left -= count
        case .end: break drain
        case .later: waitToReceive(or: nil, milliseconds: time)
        }
      }
    }
    Foundation.close(descriptor)
  }
}

/// A line that one thread pulls once, and that all others can wait for beside their sockets.
final class StopLine: @unchecked Sendable {
  /// Readable from the moment when the line is pulled.
  let descriptor: Int32
  private let end: Int32
  private let pulled = Locked(false)

  init() {
    var ends: [Int32] = [-1, -1]
    _ = pipe(&ends)
    (descriptor, end) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
  }

  /// True after the first pull.
  var isPulled: Bool { pulled.value }

  /// Pulls the line. Further calls change nothing.
  func pull() {
    let isFirst = pulled.update { pulled in
      defer { pulled = true }
      return !pulled
    }
    if isFirst { close(end) }
  }

  deinit {
    pull()
    close(descriptor)
  }
}
