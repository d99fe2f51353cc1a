import Foundation
import Testing

@testable import PolyphonyService
@testable import PolyphonySupport

/// A server keeps to its limits, and loses no answer.
@Suite struct HTTPServerTests {
  /// Answers with the method, the path and the body.
  private func echo(_ limits: HTTPLimits = HTTPLimits()) throws -> HTTPServer {
    let server = try HTTPServer(host: "127.0.0.1", port: 0, limits: limits) { request in
      HTTPResponse(type: "text/plain", body: Array("\(request.method) \(request.path) ".utf8) + request.body)
    }
    server.start()
    return server
  }

  @Test func oneConnectionServesManyRequests() throws {
    let server = try echo()
    let client = ServiceClient(server.port)
    #expect(client.get("/a")?.text == #"GET ["a"] "#)
    #expect(client.post("/b", "two")?.text == #"POST ["b"] two"#)
    // A connection remembers its latest head.
    for path in ["a", "a", "b", "a"] { #expect(client.get("/\(path)")?.text == #"GET ["\#(path)"] "#) }
    // Both come before the first answer, after an empty line.
    client.send("\r\nGET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nend")
    #expect(client.receive()?.text == #"GET ["1"] "#)
    #expect(client.receive()?.text == #"POST ["2"] end"#)
    client.send("HEAD /h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    let head = client.receive(hasBody: false)
    #expect(head?.fields["content-length"] == "11" && head?.fields["connection"] == "close")
    #expect(client.isClosed())
    #expect(server.stop())
  }

  @Test func aBodyComesInAnyForm() throws {
    let server = try echo()
    let client = ServiceClient(server.port)
    client.send("POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
    #expect(client.receive()?.text == #"POST ["c"] hello"#)
    client.send("POST /w HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    #expect(client.receive(hasBody: false)?.status == 100)
    client.send("later")
    #expect(client.receive()?.text == #"POST ["w"] later"#)
    for byte in Array("POST /s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok".utf8) { client.send([byte]) }
    #expect(client.receive()?.text == #"POST ["s"] ok"#)
    let large = [UInt8](repeating: 65, count: 3 << 20)
    #expect(client.post("/l", large)?.body.count == large.count + 11)
    server.stop()
  }

  @Test(arguments: [
    ("nonsense\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n" + String(repeating: "x", count: 101), 413),
    ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\nExpect: 100-continue\r\n\r\n", 413),
    ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n", 413),
    ("GET / HTTP/1.1\r\nHost: x\r\nA: " + String(repeating: "x", count: 2000) + "\r\n\r\n", 431),
    ("GET / HTTP/1.1\r\nHost: x\r\nA: " + String(repeating: "x", count: 9000), 431),
    // The budget of all bodies is 90 bytes.
    ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 95\r\n\r\n" + String(repeating: "x", count: 95), 503),
  ])
  func whatIsTooMuchGetsAnAnswerAndTheEnd(text: String, status: Int) throws {
    var limits = HTTPLimits()
    (limits.head, limits.body, limits.bodies) = (1000, 100, 90)
    let server = try echo(limits)
    let client = ServiceClient(server.port)
    client.send(text)
    let answer = client.receive()
    #expect(answer?.status == status && answer?.error != nil, "\(answer?.text ?? "closed")")
    #expect(answer?.fields["connection"] == "close" && client.isClosed())
    // The budget is whole again.
    #expect(ServiceClient(server.port).post("/", String(repeating: "x", count: 80))?.status == 200)
    server.stop()
  }

  @Test func aSlowClientLosesItsConnection() throws {
    var limits = HTTPLimits()
    (limits.idle, limits.receive) = (0.05, 0.05)
    let server = try echo(limits)
    let (idle, head, body) = (ServiceClient(server.port), ServiceClient(server.port), ServiceClient(server.port))
    head.send("GET / HT")
    body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab")
    #expect(idle.isClosed())
    #expect(head.receive()?.status == 408 && body.receive()?.status == 408)
    server.stop()
  }

  /// A client whose bytes are always there has no more time than others.
  @Test func theTimeOfARequestEndsWhileBytesCome() throws {
    var ends: [Int32] = [-1, -1]
    #if canImport(Darwin)
      #expect(socketpair(AF_UNIX, SOCK_STREAM, 0, &ends) == 0)
    #else
      #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    #endif
    defer { close(ends[0]) }
    let request =
      Array("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8192\r\n\r\n".utf8) + Array(repeating: 65, count: 8192)
    #expect(request.withUnsafeBytes { write(ends[0], $0.baseAddress, $0.count) } == request.count)
    shutdown(ends[0], Int32(SHUT_WR))
    var limits = HTTPLimits()
    limits.receive = 0
    let connection = HTTPConnection(
      ServiceSocket(ends[1]), stop: StopLine(), limits: limits, budget: ByteBudget(1 << 20))
    connection.serve { _ in HTTPResponse(type: "text/plain", body: []) }
    var answer = [UInt8](repeating: 0, count: 1024)
    let count = read(ends[0], &answer, answer.count)
    #expect(String(decoding: answer[..<max(0, count)], as: UTF8.self).hasPrefix("HTTP/1.1 408 "))
  }

  /// A client that asks and does not read fills the buffers of the system, and then its time is over.
  @Test func aClientThatDoesNotReadLosesItsConnection() throws {
    var limits = HTTPLimits()
    limits.send = 0.05
    let server = try HTTPServer(host: "127.0.0.1", port: 0, limits: limits) { _ in
      HTTPResponse(type: "text/plain", body: [UInt8](repeating: 65, count: 32 << 20))
    }
    server.start()
    let client = ServiceClient(server.port)
    client.send("GET", "/")
    // The stop ends when the connection has ended.
    #expect(server.stop())
    withExtendedLifetime(client) {}
  }

  @Test func aConnectionTooManyIsRefused() throws {
    var limits = HTTPLimits()
    limits.connections = 2
    let server = try echo(limits)
    let clients = [ServiceClient(server.port), ServiceClient(server.port)]
    for client in clients { #expect(client.get("/")?.status == 200) }
    let third = ServiceClient(server.port)
    #expect(third.receive()?.status == 503 && third.isClosed())
    clients[0].send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    #expect(clients[0].receive()?.status == 200 && clients[0].isClosed())
    server.stop()
  }

  /// A stop ends idle connections at once, and waits for the request that runs.
  @Test func aStopLosesNoAnswer() throws {
    let (begun, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let server = try HTTPServer(host: "127.0.0.1", port: 0) { _ in
      begun.signal()
      release.wait()
      return HTTPResponse(type: "text/plain", body: Array("late".utf8))
    }
    server.start()
    let (idle, running) = (ServiceClient(server.port), ServiceClient(server.port))
    running.send("GET", "/")
    begun.wait()
    let stopped = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      server.stop()
      stopped.signal()
    }
    #expect(idle.isClosed())
    release.signal()
    let answer = running.receive()
    #expect(answer?.text == "late" && answer?.fields["connection"] == "close")
    #expect(running.isClosed())
    stopped.wait()
    #expect(server.connections == 0)
    #expect(ServiceClient(server.port).receive() == nil)
  }

  @Test func aPortHasOneServer() throws {
    let server = try echo()
    let taken = #expect(throws: Fault.self) {
      try HTTPServer(host: "127.0.0.1", port: server.port) { _ in .init(json: [:]) }
    }
    #expect(taken?.kind == .failure && taken?.problem == "another program listens on this port")
    let unknown = #expect(throws: Fault.self) {
      try HTTPServer(host: "no.such.host.invalid", port: 0) { _ in .init(json: [:]) }
    }
    #expect(unknown?.kind == .usage && unknown?.key == "--host")
    server.stop()
  }
}
