import Foundation
import PolyphonySupport

/// A server of HTTP/1.1 with a thread for each connection.
///
/// A thread that waits for a client or for a prediction costs a stack and nothing else. So no request waits for another
/// one in an event loop, and the number of connections has a limit.
package final class HTTPServer: @unchecked Sendable {
  /// The stack of a connection's thread.
  private static let stackSize = 1 << 20

  private let listener: ServiceListener
  private let limits: HTTPLimits
  private let budget: ByteBudget
  private let handler: @Sendable (HTTPRequest) -> HTTPResponse
  private let stopLine = StopLine()
  private let open = NSCondition()
  private var openCount = 0

  /// The address that clients use, such as `http://127.0.0.1:8080`.
  package var address: String { listener.address }
  /// The port that clients use.
  package var port: UInt16 { listener.port }
  /// The number of open connections.
  package var connections: Int { open.withLock { openCount } }

  /// Listens from now on. ``start()`` answers.
  /// - Parameters:
  ///   - host: the name or the number of an address of this machine.
  ///   - port: the port. With 0 the system chooses one.
  ///   - limits: sizes and times.
  ///   - handler: answers a request. Many threads call it.
  /// - Throws: `Fault(.usage)` for an unknown host, `Fault(.failure)` for a port that another program has.
  package init(
    host: String, port: UInt16, limits: HTTPLimits = HTTPLimits(),
    handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse
  ) throws(Fault) {
    listener = try ServiceListener(host: host, port: port)
    (self.limits, self.handler, budget) = (limits, handler, ByteBudget(limits.bodies))
  }

  /// Accepts connections on a thread of its own.
  package func start() {
    let (listener, stopLine) = (listener, stopLine)
    Thread.detachNewThread { [self] in
      while let socket = listener.accept(until: stopLine) { begin(ServiceSocket(socket)) }
    }
  }

  /// Stops: no new connection is taken, and requests that run get their answers.
  /// - Returns: False if some took longer than the limit.
  @discardableResult
  package func stop() -> Bool {
    stopLine.pull()
    listener.close()
    let end = Date().addingTimeInterval(limits.drain)
    return open.withLock {
      while openCount > 0 { guard open.wait(until: end) else { return false } }
      return true
    }
  }

  private func begin(_ socket: ServiceSocket) {
    let isFull = open.withLock {
      guard openCount < limits.connections else { return true }
      openCount += 1
      return false
    }
    if isFull {
      let error = HTTPError(503, "the service has too many connections", fields: [("Retry-After", "1")])
      let response = HTTPResponse(error)
      _ = socket.send((response.head(closes: true) + response.body)[...], until: Deadline(0))
      return socket.close(lingers: false)
    }
    // The socket has no other owner from here on.
    let connection = Handover(HTTPConnection(socket, stop: stopLine, limits: limits, budget: budget))
    let thread = Thread { [self] in
      connection.value.serve(handler)
      open.withLock {
        openCount -= 1
        open.broadcast()
      }
    }
    thread.stackSize = Self.stackSize
    thread.start()
  }
}

/// A value that one thread hands over to another.
private final class Handover<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

/// A socket that listens.
package final class ServiceListener: @unchecked Sendable {
  /// The connections that may wait until the service takes them.
  private static let backlog: Int32 = 256

  /// The address in words.
  let address: String
  let port: UInt16
  private let descriptor: Int32

  init(host: String, port: UInt16) throws(Fault) {
    var hints = addrinfo()
    #if canImport(Darwin)
      hints.ai_socktype = SOCK_STREAM
    #else
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #endif
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, "\(port)", &hints, &list) == 0, let first = list else {
      throw Fault(
        .usage, "this is no address of this machine", key: "--host", found: host,
        expected: "a name or a number, such as 127.0.0.1, ::1 or 0.0.0.0")
    }
    defer { freeaddrinfo(list) }
    let info = first.pointee
    let descriptor = socket(info.ai_family, info.ai_socktype, info.ai_protocol)
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    guard bind(descriptor, info.ai_addr, info.ai_addrlen) == 0, listen(descriptor, Self.backlog) == 0 else {
      let reason = errno
      Foundation.close(descriptor)
      throw Fault(
        reason == EADDRNOTAVAIL ? .usage : .failure,
        reason == EADDRINUSE ? "another program listens on this port" : "the service cannot listen here",
        key: reason == EADDRNOTAVAIL ? "--host" : "--port", found: "\(host), port \(port): \(describe(errno: reason))",
        remedy: reason == EADDRINUSE ? "choose another --port; 0 takes a free one" : nil)
    }
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    self.descriptor = descriptor
    let number = Self.port(of: descriptor)
    self.port = number
    address = "http://\(host.contains(":") ? "[\(host)]" : host):\(number)"
  }

  /// Makes sure that a program can listen on a port of this machine, and returns the port. For 0 it is a free one.
  /// - Throws: `Fault` if another program listens there, or nobody may.
  package static func freePort(_ port: UInt16, host: String) throws(Fault) -> UInt16 {
    try ServiceListener(host: host, port: port).port
  }

  private static func port(of descriptor: Int32) -> UInt16 {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
      // The port is at the same place in both families.
      return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
    }
  }

  /// Waits for a client. It is nil when the stop line is pulled.
  func accept(until stop: StopLine) -> Int32? {
    while !stop.isPulled {
      let client = Foundation.accept(descriptor, nil, nil)
      if client >= 0 { return client }
      var entries = [stop.descriptor, descriptor].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      // Without a free descriptor the waiting client would be ready at once again. So only the stop line is heeded.
      let isFull = [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(errno)
      _ = poll(&entries, isFull ? 1 : 2, isFull ? 50 : -1)
    }
    return nil
  }

  /// Takes no further client.
  func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  deinit { Foundation.close(descriptor) }
}
