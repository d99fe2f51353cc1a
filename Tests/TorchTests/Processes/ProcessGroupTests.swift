import Foundation
import PolyphonySupport
import Testing
import Torch

/// Collectives between members that are threads here. Between processes they are tested through the program.
@Suite struct ProcessGroupTests {
  /// Runs a body as every member of a group, each on a thread of its own.
  static func run<Value: Sendable>(
    _ size: Int, timeout: Double = 60, _ body: @escaping @Sendable (ProcessGroup) throws -> Value
  ) throws -> [Value] {
    let port = try FreePort.find()
    let results = Locked<[Int: Result<Value, any Error>]>([:])
    let done = DispatchSemaphore(value: 0)
    for rank in 0..<size {
      let thread = Thread {
        let result = Result {
          try body(try ProcessGroup(GroupPlace(rank: rank, size: size, port: port, timeout: timeout)))
        }
        results.update { $0[rank] = result }
        done.signal()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    for _ in 0..<size { done.wait() }
    return try (0..<size).map { try results.value[$0]!.get() }
  }

  @Test func sumsAndBroadcasts() throws {
    let found = try Self.run(3) { group in
      let sum = Tensor([Double(group.rank), 1])
      try group.sum(sum)
      let first = Tensor([Float(group.rank + 7)])
      try group.broadcast(first)
      return (sum.doubles, first.floats, group.rank)
    }
    for (rank, values) in found.enumerated() {
      #expect(values.0 == [3, 3] && values.1 == [7] && values.2 == rank)
    }
  }

  @Test func bytesOfAnyLength() throws {
    let found = try Self.run(3) { group in
      let own = Array("rank".utf8.prefix(group.rank * 2))
      return (try group.gather(own), try group.broadcast(group.rank == 0 ? [1, 2, 3] : []), try group.broadcast([]))
    }
    for values in found {
      #expect(values.0 == [[], Array("ra".utf8), Array("rank".utf8)])
      #expect(values.1 == [1, 2, 3] && values.2 == [])
    }
  }

  @Test func whoIsMissingIsNamed() throws {
    let place = GroupPlace(rank: 0, size: 3, port: try FreePort.find(), timeout: 1)
    let fault = #expect(throws: Fault.self) { try ProcessGroup(place) }
    #expect(fault?.problem == "processes of the group have not come")
    #expect(fault?.found == "no rank 1, 2" && fault?.expected == "3 processes within 1 s")
  }

  @Test func aMemberThatHasGoneIsAnError() throws {
    let found = try Self.run(2) { group -> Fault? in
      if group.rank == 1 { return nil }
      do {
        try group.sum(Tensor([1.0]))
        return nil
      } catch {
        return error as? Fault
      }
    }
    #expect(found[0]?.problem == "a process of the group has gone", "\(String(describing: found[0]))")
  }
}

/// A port of this machine that nobody listens at.
enum FreePort {
  static func find() throws -> Int {
    #if canImport(Darwin)
      let descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #else
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = bind(descriptor, $0, length)
        _ = getsockname(descriptor, $0, &length)
      }
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
