import Foundation

@testable import PolyphonySupport

/// A client of HTTP for tests, on one connection. It sends any bytes, and so also what no other client would send.
final class ServiceClient {
  /// An answer.
  struct Answer {
    var status = 0
    var fields: [String: String] = [:]
    var body: [UInt8] = []

    /// The body as JSON.
    var json: OrderedJSON { (try? OrderedJSON(parsing: String(decoding: body, as: UTF8.self))) ?? .null }
    /// The message of an error.
    var error: String? { if case .string(let text)? = json["error"] { text } else { nil } }
    var text: String { String(decoding: body, as: UTF8.self) }
  }

  /// The port of the service.
  let port: UInt16
  private let descriptor: Int32
  private var received: [UInt8] = []

  /// Connects to a port of this machine.
  init(_ port: UInt16) {
    self.port = port
    #if canImport(Darwin)
      descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #else
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = port.bigEndian
    // A test must end, even if the service does not answer.
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  deinit { close(descriptor) }

  func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      #if canImport(Darwin)
        let count = rest.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, 0) }
      #else
        let count = rest.withUnsafeBytes {
          Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
      #endif
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  func send(_ text: String) { send(Array(text.utf8)) }

  /// Sends a request with the fields that HTTP needs.
  func send(_ method: String, _ path: String, _ body: [UInt8] = [], fields: [String] = []) {
    let lines = ["\(method) \(path) HTTP/1.1", "Host: test", "Content-Length: \(body.count)"] + fields
    send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
  }

  /// Sends a request, and waits for its answer.
  func get(_ path: String, fields: [String] = []) -> Answer? {
    send("GET", path, fields: fields)
    return receive()
  }

  /// Sends a request with a body, and waits for its answer.
  func post(_ path: String, _ body: [UInt8], fields: [String] = []) -> Answer? {
    send("POST", path, body, fields: fields)
    return receive()
  }

  /// Sends a request with a JSON document, and waits for its answer.
  func post(_ path: String, _ text: String, fields: [String] = []) -> Answer? {
    post(path, Array(text.utf8), fields: fields)
  }

  /// Waits for an answer. It is nil if the server has closed the connection.
  func receive(hasBody: Bool = true) -> Answer? {
    while true {
      if let end = received.firstRange(of: Array("\r\n\r\n".utf8)) {
        let lines = String(decoding: received[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        var answer = Answer(status: Int(lines[0].split(separator: " ")[1]) ?? 0)
        for line in lines.dropFirst() {
          let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
          answer.fields[parts[0].lowercased()] = parts.count > 1 ? parts[1] : ""
        }
        let length = hasBody ? Int(answer.fields["content-length"] ?? "") ?? 0 : 0
        if received.count >= end.upperBound + length {
          answer.body = Array(received[end.upperBound..<end.upperBound + length])
          received.removeFirst(end.upperBound + length)
          return answer
        }
      }
      guard fill() else { return nil }
    }
  }

  /// Waits until the server closes the connection. False if it sends something instead.
  func isClosed() -> Bool { received.isEmpty && !fill() }

  private func fill() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else { return false }
    received += buffer[..<count]
    return true
  }
}
