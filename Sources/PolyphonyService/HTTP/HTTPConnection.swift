import Dispatch
import Foundation
import PolyphonySupport

/// An open connection of a client. One thread reads requests from it and writes answers, one after another.
///
/// Every wait has an end: that of its time, that of the client, or that of the service.
final class HTTPConnection {
  private enum Arrival {
    case bytes(Int), end, timeout, stop
  }

  /// The most bytes that are read at a time before a head is complete. Few bytes of the body come with it then, and all
  /// others go to their place at once.
  private static let headPiece = 4 << 10
  /// The most bytes of a body that get their memory before they come.
  private static let firstPiece = 1 << 20

  private let socket: ServiceSocket
  private let stop: StopLine
  private let limits: HTTPLimits
  private let budget: ByteBudget
  /// Bytes that came and belong to no request yet.
  private var received: [UInt8] = []
  private var reserved = 0
  private var scratch = [UInt8](repeating: 0, count: 64 << 10)
  /// The head of the latest request. Most clients send the same one again and again.
  private var latest: (bytes: ArraySlice<UInt8>, head: HTTPHead)?
  /// True if the client may still be sending a request that nobody reads.
  private var hasUnreadRequest = false

  init(_ socket: ServiceSocket, stop: StopLine, limits: HTTPLimits, budget: ByteBudget) {
    (self.socket, self.stop, self.limits, self.budget) = (socket, stop, limits, budget)
  }

  /// Answers requests until the client or the service ends the connection.
  func serve(_ handler: (HTTPRequest) -> HTTPResponse) {
    defer {
      budget.release(reserved)
      socket.close(lingers: hasUnreadRequest)
    }
    while true {
      do throws(HTTPError) {
        guard let (request, closes) = try receive() else { return }
        let isHead = request.method == "HEAD"
        let response = handler(request)
        let isLast = closes || response.closes || stop.isPulled
        guard send(response, closes: isLast, withBody: !isHead), !isLast else { return }
      } catch {
        // The bytes behind a request that cannot be read have no meaning.
        hasUnreadRequest = true
        _ = send(HTTPResponse(error), closes: true)
        return
      }
      budget.release(reserved)
      reserved = 0
    }
  }

  // MARK: - Receiving

  /// Waits for a request. It is nil if the client sends none, or if the service stops.
  private func receive() throws(HTTPError) -> (request: HTTPRequest, closes: Bool)? {
    var deadline = Deadline(limits.idle)
    var (searched, hasBegun) = (0, false)
    while true {
      // An empty line before a request has no meaning.
      let lines = stride(from: 0, to: received.count - 1, by: 2).prefix { received[$0] == 13 && received[$0 + 1] == 10 }
      received.removeFirst(2 * lines.count)
      if !received.isEmpty, !hasBegun { (hasBegun, deadline) = (true, Deadline(limits.receive)) }
      if let end = Self.emptyLine(received, from: max(0, searched - 3)) {
        guard end <= limits.head else { break }
        let head = try head(received[..<end])
        received.removeFirst(end + 4)
        let body = try body(head, deadline)
        return (HTTPRequest(method: head.method, path: head.path, fields: head.fields, body: body), head.closes)
      }
      guard received.count <= limits.head else { break }
      searched = received.count
      switch wait(deadline, heedsStop: !hasBegun, atMost: Self.headPiece) {
      case .bytes: continue
      case .timeout where hasBegun: throw HTTPError(408, "the request did not come in time")
      case .end, .timeout, .stop: return nil
      }
    }
    throw HTTPError(431, "the header of the request has more than \(limits.head) bytes")
  }

  private func head(_ bytes: ArraySlice<UInt8>) throws(HTTPError) -> HTTPHead {
    if let latest, latest.bytes == bytes { return latest.head }
    let head = try HTTPHead(bytes, limits: limits)
    latest = (Array(bytes)[...], head)
    return head
  }

  /// The place of an empty line, where the head ends.
  private static func emptyLine(_ bytes: [UInt8], from start: Int) -> Int? {
    guard bytes.count >= start + 4 else { return nil }
    return (start...bytes.count - 4).first { place in
      bytes[place] == 13 && bytes[place + 1] == 10 && bytes[place + 2] == 13 && bytes[place + 3] == 10
    }
  }

  private func body(_ head: HTTPHead, _ deadline: Deadline) throws(HTTPError) -> [UInt8] {
    if head.waits, received.isEmpty, head.body != .length(0) {
      guard fits(head) else { throw tooLarge }
      let word = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
      _ = socket.send(word[...], until: Deadline(limits.send))
    }
    guard fits(head) else { throw tooLarge }
    switch head.body {
    case .length(let length):
      var body = try piece(min(length, Self.firstPiece), deadline)
      // A client that announces much and sends little gets no more memory than twice what it has sent.
      while body.count < length { body += try piece(min(length - body.count, body.count), deadline) }
      return body
    case .chunked:
      var body = ChunkedBody(limit: limits.body)
      while true {
        try reserve(received.count)
        let count = try body.take(received[...])
        received.removeFirst(count)
        if body.isComplete { return body.bytes }
        let arrival = wait(deadline, heedsStop: false)
        guard case .bytes = arrival else { throw Self.reason(arrival) }
      }
    }
  }

  private var tooLarge: HTTPError { HTTPError(413, "the body has more than \(limits.body) bytes") }

  private func fits(_ head: HTTPHead) -> Bool {
    if case .length(let length) = head.body { length <= limits.body } else { true }
  }

  private func reserve(_ count: Int) throws(HTTPError) {
    guard budget.reserve(count) else {
      throw HTTPError(503, "the service has too many requests in memory", fields: [("Retry-After", "1")])
    }
    reserved += count
  }

  /// Waits for a part of a body of a known size. The bytes go from the system to their place without another copy.
  private func piece(_ size: Int, _ deadline: Deadline) throws(HTTPError) -> [UInt8] {
    var failure: HTTPError?
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { memory, count in
      do throws(HTTPError) {
        let first = received.prefix(size)
        try reserve(first.count)
        count = memory.initialize(fromContentsOf: first)
        received.removeFirst(count)
        while count < size {
          let rest = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: memory[count...]))
          let arrival = arrival(deadline, heedsStop: false, into: rest)
          guard case .bytes(let more) = arrival else { throw Self.reason(arrival) }
          count += more
          try reserve(more)
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// The error for a body that does not come.
  private static func reason(_ arrival: Arrival) -> HTTPError {
    guard case .timeout = arrival else { return HTTPError(400, "the request ended early") }
    return HTTPError(408, "the request did not come in time")
  }

  /// Waits for bytes that belong to no request yet.
  private func wait(_ deadline: Deadline, heedsStop: Bool, atMost most: Int = .max) -> Arrival {
    let arrival = scratch.withUnsafeMutableBytes { memory in
      self.arrival(deadline, heedsStop: heedsStop, into: UnsafeMutableRawBufferPointer(rebasing: memory.prefix(most)))
    }
    if case .bytes(let count) = arrival { received += scratch[..<count] }
    return arrival
  }

  /// Waits for bytes, and puts them into memory.
  private func arrival(
    _ deadline: Deadline, heedsStop: Bool, into memory: UnsafeMutableRawBufferPointer
  ) -> Arrival {
    while true {
      if heedsStop, stop.isPulled { return .stop }
      // A client that never pauses has no more time than others.
      guard let time = deadline.milliseconds else { return .timeout }
      switch socket.receive(into: memory) {
      case .bytes(let count): return .bytes(count)
      case .end: return .end
      case .later:
        socket.waitToReceive(or: heedsStop ? stop : nil, milliseconds: time)
      }
    }
  }

  // MARK: - Sending

  /// Sends an answer. False if the client did not take it.
  private func send(_ response: HTTPResponse, closes: Bool, withBody: Bool = true) -> Bool {
    let deadline = Deadline(limits.send)
    let head = response.head(closes: closes)
    guard withBody, response.body.count > 32 << 10 else {
      return socket.send((withBody ? head + response.body : head)[...], until: deadline)
    }
    return socket.send(head[...], until: deadline) && socket.send(response.body[...], until: deadline)
  }
}

/// A point in time.
struct Deadline {
  private let end: UInt64

  /// A point some seconds from now.
  init(_ seconds: Double) { end = DispatchTime.now().uptimeNanoseconds + UInt64(max(0, seconds) * 1e9) }

  /// The time until then, rounded up. It is nil when the time is over.
  var milliseconds: Int32? {
    let now = DispatchTime.now().uptimeNanoseconds
    guard now < end else { return nil }
    return Int32(clamping: (end - now) / 1_000_000 + 1)
  }
}

/// The bytes that all requests together may hold.
final class ByteBudget: Sendable {
  private let left: Locked<Int>

  init(_ count: Int) { left = Locked(count) }

  /// Takes bytes. False if there are not as many.
  func reserve(_ count: Int) -> Bool {
    left.update { left in
      guard left >= count else { return false }
      left -= count
      return true
    }
  }

  /// Gives bytes back.
  func release(_ count: Int) { left.update { $0 += count } }
}
