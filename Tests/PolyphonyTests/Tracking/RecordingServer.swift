import Foundation

@testable import PolyphonySupport

/// An HTTP server in the test's process. It keeps every request, and answers by a function.
final class RecordingServer: Sendable {
  /// A request.
  struct Request: Sendable {
    var method: String
    var path: String
    var headers: [String]
    var body: String

    /// The body as JSON.
    var json: OrderedJSON { (try? OrderedJSON(parsing: body)) ?? .null }
  }

  /// True if the program has its client of HTTP.
  static let hasClient: Bool = {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/curl") }
  }()

  private let descriptor: Int32
  let port: UInt16
  private let stored = Locked<[Request]>([])

  /// All requests so far.
  var requests: [Request] { stored.value }

  /// Listens on a free port of this machine.
  /// - Parameter answer: the status and the body for a request.
  init(_ answer: @escaping @Sendable (Request) -> (status: Int, body: String)) {
    let descriptor = socket(AF_INET, Self.stream, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        _ = bind(descriptor, pointer, length)
        _ = getsockname(descriptor, pointer, &length)
      }
    }
    listen(descriptor, 16)
    (self.descriptor, port) = (descriptor, UInt16(bigEndian: address.sin_port))
    let stored = stored
    Thread.detachNewThread {
      while true {
        let client = accept(descriptor, nil, nil)
        guard client >= 0 else { return }
        if let request = Self.read(client) {
          stored.update { $0.append(request) }
          let (status, body) = answer(request)
          let text = "HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
          _ = Array(text.utf8).withUnsafeBytes { send(client, $0.baseAddress, $0.count, 0) }
        }
        close(client)
      }
    }
  }

  deinit {
    shutdown(descriptor, Int32(SHUT_RDWR))
    close(descriptor)
  }

  #if canImport(Darwin)
    private static let stream = SOCK_STREAM
  #else
    private static let stream = Int32(SOCK_STREAM.rawValue)
  #endif

  private static func read(_ client: Int32) -> Request? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let length = lines.compactMap { line -> Int? in
          line.lowercased().hasPrefix("content-length: ") ? Int(line.dropFirst(16)) : nil
        }.first
        let body = bytes[end.upperBound...]
        if body.count >= length ?? 0 {
          let words = lines[0].split(separator: " ").map(String.init)
          return Request(
            method: words[0], path: words[1], headers: Array(lines.dropFirst()),
            body: String(decoding: body, as: UTF8.self))
        }
      }
      let count = recv(client, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
    }
  }
}
