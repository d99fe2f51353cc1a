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
    let file = NSTemporaryDirectory() + "/polyphony-request-\(UUID().uuidString)"
    defer { unlink(file) }
    if let body {
      guard FileManager.default.createFile(atPath: file, contents: body.bytes, attributes: [.posixPermissions: 0o600])
      else { throw Fault(.cannotWrite, "a request cannot be written", file: file) }
      // A server may ask for a pause before a long body. Some never do, and curl would wait a second.
      lines += [("header", "Content-Type: \(body.type)"), ("header", "Expect:"), ("data-binary", "@\(file)")]
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
      try process.run()
      try input.fileHandleForWriting.write(contentsOf: Data(configuration.utf8))
      try input.fileHandleForWriting.close()
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

  /// A text between the quotes of curl's configuration.
  private static func escaped(_ text: String) -> String {
    let signs: [Character: String] = ["\\": "\\\\", "\"": "\\\"", "\n": "\\n", "\r": "\\r", "\t": "\\t"]
    return text.map { signs[$0] ?? String($0) }.joined()
  }
}
