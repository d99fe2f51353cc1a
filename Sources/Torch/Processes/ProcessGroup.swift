import CTorchInterface
import Foundation

/// The processes that compute one run together, each with a part of every batch.
///
/// c10d's `TCPStore` brings the processes together, and Gloo moves their tensors; both are parts of libtorch. All
/// members must call the same functions in the same order. A member that has gone or does not answer in time makes the
/// call throw.
///
/// ```swift
/// if let place = try GroupPlace(environment: ProcessInfo.processInfo.environment) {
///   let group = try ProcessGroup(place)
///   let gradient = Tensor([Float(group.rank)])
///   try group.sum(gradient)  // 0 + 1 + … + (size − 1), on every member
/// }
/// ```
public final class ProcessGroup: @unchecked Sendable {
  /// The group that ``current`` returns.
  private static let joined = Locked<ProcessGroup?>(nil)
  /// Replaces ``current`` on one thread, because tests have several members in one process.
  package static let ofThread = ThreadLocal<ProcessGroup?>(nil)

  /// The group that trainings of this process take part in; nil for a process on its own.
  public static var current: ProcessGroup? {
    get { ofThread.value ?? joined.value }
    set { joined.value = newValue }
  }

  /// The number of this process, from 0. The process 0 decides, reports and writes files.
  public let rank: Int
  /// The number of processes.
  public let size: Int
  private let handle: ctorch_group

  /// Joins a group, and waits until all others have come.
  /// - Throws: `Fault(.failure)` for a store that cannot be reached, for a port that another program has, and if others do
  ///   not come in time. The fault names them.
  public init(_ place: GroupPlace) throws(Fault) {
    (rank, size) = (place.rank, place.size)
    var handle: ctorch_group?
    let message = Door.message { error in
      place.address.withCString { address in
        place.prefix.withCString { prefix in
          var description = ctorch_group_place(
            address: address, port: Int32(place.port), hosts_store: place.hostsStore, prefix: prefix,
            rank: Int32(place.rank), size: Int32(place.size), timeout_ms: Int64(place.timeout * 1000))
          handle = Door.table.join_group(&description, error)
        }
      }
    }
    guard let handle else { throw place.fault(message ?? "") }
    self.handle = handle
  }

  deinit { Door.table.leave_group(handle) }

  /// Replaces the elements of a contiguous tensor by their sums over all members.
  public func sum(_ tensor: Tensor) throws(Fault) {
    try check(Door.message { _ = Door.table.all_reduce(handle, tensor.handle, $0) })
  }

  /// Replaces the elements of a contiguous tensor by those of the process 0.
  public func broadcast(_ tensor: Tensor) throws(Fault) {
    try check(Door.message { _ = Door.table.broadcast(handle, tensor.handle, 0, $0) })
  }

  /// Returns the bytes of the process 0. Those of the others are not read.
  public func broadcast(_ bytes: [UInt8]) throws(Fault) -> [UInt8] {
    let count = Tensor([bytes.count])
    try broadcast(count)
    let wanted = count.integers[0]
    guard wanted > 0 else { return [] }
    let content = rank == 0 ? Tensor(bytes) : Tensor.zeros([wanted], dtype: .uint8)
    try broadcast(content)
    return content.array()
  }

  /// Returns the bytes of every member, in the order of their numbers.
  public func gather(_ bytes: [UInt8]) throws(Fault) -> [[UInt8]] {
    let counts = try gather(Tensor([bytes.count])).map { $0.integers[0] }
    // All tensors of one call have one size.
    let longest = max(1, counts.max() ?? 1)
    let padded = Tensor(bytes + Array(repeating: 0, count: longest - bytes.count))
    return zip(try gather(padded), counts).map { Array($0.array(of: UInt8.self).prefix($1)) }
  }

  private func gather(_ tensor: Tensor) throws(Fault) -> [Tensor] {
    let results = (0..<size).map { _ in tensor.zerosLike() }
    let handles = results.map { Optional($0.handle) }
    try check(
      withExtendedLifetime(results) {
        Door.message { _ = Door.table.all_gather(handle, tensor.handle, handles, Int32(size), $0) }
      })
    return results
  }

  /// Turns the message of a failed collective into a fault.
  private func check(_ message: String?) throws(Fault) {
    guard let message else { return }
    let isLate = message.contains("imed out") || message.contains("timeout")
    throw Fault(
      .failure, isLate ? "a process of the group does not answer" : "a process of the group has gone",
      key: "rank \(rank) of \(size)", found: GroupPlace.short(message),
      expected: "\(size) processes until the end of the run",
      remedy: "see the message of the process that ended first, and start all of them again with --resume")
  }
}
