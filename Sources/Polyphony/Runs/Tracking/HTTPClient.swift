import Foundation
import Torch

/// A client of HTTP and HTTPS. The system's program `curl` sends each request.
///
/// Foundation's own client would link libcurl into every copy of the program, and many small systems lack that library.
/// `curl` also knows the system's certificates and proxies. Its options go through a pipe, so no list of processes shows
/// a password.
struct HTTPClient: Sendable {
  /// The answer of a server.
  struct Answer {
    /// The status, such as 200.
    var status: Int
    /// The body.
    var text: String
  }

  /// The longest time in seconds until the server takes the connection, and until the answer is complete.
  var (connectTime, totalTime) = (2, 10)
  /// Further options by name, such as `header` and `user`.
  var options: [(name: String, value: String)] = []

  /// Sends a request, and waits for the answer.
  ///
  /// - Parameters:
  ///   - method: the method, such as `POST`.
  ///   - url: the address.
  ///   - body: the bytes to send, and their media type.
  /// - Throws: `Fault(.failure)` in the words of `curl` if no answer came.
  func send(_ method: String, _ url: String, body: (bytes: Data, type: String)? = nil) throws(Fault) -> Answer {
    var lines = [
      ("request", method), ("url", url), ("connect-timeout", "\(connectTime)"), ("max-time", "\(totalTime)"),
      ("write-out", "\n%{http_code}"),
    ]
    lines += options
    var file: String?
    defer { if let file { unlink(file) } }
    if let body {
      let path = try Self.privateFile(body.bytes)
      file = path
      // Without the empty header, curl would wait a second until the server asks for a long body.
      lines += [("header", "Content-Type: \(body.type)"), ("header", "Expect:"), ("data-binary", "@\(path)")]
    }
    let text = try Self.run(lines.map { "\($0) = \"\(Self.escaped($1))\"\n" }.joined())
    let end = text.lastIndex(of: "\n") ?? text.startIndex
    guard let status = Int(text[end...].trimmingCharacters(in: .newlines)) else {
      throw Fault(.failure, "the program curl gave no status", found: text)
    }
    return Answer(status: status, text: String(text[..<end]))
  }

  /// Runs `curl` with a configuration, and returns its standard output.
  private static func run(_ configuration: String) throws(Fault) -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    // -q comes first, so that a configuration in the home folder has no influence.
    process.arguments = ["curl", "-q", "--silent", "--show-error", "--config", "-"]
    let (input, output, errors) = (Pipe(), Pipe(), Pipe())
    (process.standardInput, process.standardOutput, process.standardError) = (input, output, errors)
    do {
      // The pipe holds all of it before curl starts. A write to a process that has ended would end this one too.
      try input.fileHandleForWriting.write(contentsOf: Data(configuration.utf8))
      try input.fileHandleForWriting.close()
      try process.run()
      let text = try output.fileHandleForReading.readToEnd() ?? Data()
      let message = try errors.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else {
        let words = String(decoding: message, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        throw Fault(.failure, "no answer came", found: words)
      }
      return String(decoding: text, as: UTF8.self)
    } catch let fault as Fault {
      throw fault
    } catch {
      throw Fault(.failure, "the program curl cannot be run", found: describe(error))
    }
  }

  /// Makes a temporary file that no other user can read.
  private static func privateFile(_ bytes: Data) throws(Fault) -> String {
    var name = Array((NSTemporaryDirectory() + "/polyphony-XXXXXX").utf8CString)
    let descriptor = mkstemp(&name)
    let path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    do {
      guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
      try FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).write(contentsOf: bytes)
    } catch {
      unlink(path)
      throw Fault(.cannotWrite, "a request cannot be written", file: path, found: describe(error))
    }
    return path
  }

  /// A text between the quotes of curl's configuration.
  private static func escaped(_ text: String) -> String {
    let signs: [Character: String] = ["\\": "\\\\", "\"": "\\\"", "\n": "\\n", "\r": "\\r", "\t": "\\t"]
    return text.map { signs[$0] ?? String($0) }.joined()
  }
}
