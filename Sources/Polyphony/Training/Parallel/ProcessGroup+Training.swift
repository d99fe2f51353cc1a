import Foundation
import Torch

/// The messages between the processes of a run, besides gradients.
extension ProcessGroup {
  /// Checks that all processes have the same run.
  /// - Parameter more: settings in which resumed runs may differ, but not the processes of a group.
  /// - Throws: `Fault(.usage)` on every process, with the one that differs.
  func agree(on identity: RunIdentity, _ more: OrderedJSON = .object([])) throws(Fault) {
    var own = identity
    own.add("group", ["polyphony": .string(Polyphony.version)])
    own.add("group", more)
    let all = try gather(Self.encoded(own)).map { (bytes) throws(Fault) in
      try Self.decoded(RunIdentity.self, bytes)
    }
    try RunIdentity.check(group: all)
  }

  /// True on every process if a condition holds on any of them.
  func holds(_ condition: Bool) throws(Fault) -> Bool {
    let sum = Tensor([condition ? 1.0 : 0.0])
    try self.sum(sum)
    return sum.item > 0
  }

  /// The number of the process 0.
  func number(_ own: Double?) throws(Fault) -> Double? {
    let both = Tensor([own ?? 0, own == nil ? 0 : 1])
    try broadcast(both)
    let values = both.doubles
    return values[1] > 0 ? values[0] : nil
  }

  /// The saved run of the process 0. Without one, every process gets the starting tensors of the process 0.
  func share<State>(_ saved: SavedRun<State>?, start: [Tensor]) throws(Fault) -> SavedRun<State>? {
    let own: [(SharedEntry, Tensor)] = (saved?.tensors ?? [:]).sorted { $0.key < $1.key }.flatMap { file, tensors in
      tensors.sorted { $0.key < $1.key }.map { key, tensor in
        (SharedEntry(file: file, key: key, shape: tensor.shape, dtype: tensor.dtype.rawValue), tensor.contiguous())
      }
    }
    let bytes = try broadcast(
      try saved.map { (saved) throws(Fault) in
        try Self.encoded(SharedRun(state: saved.state, path: saved.path, tensors: own.map(\.0)))
      } ?? [])
    guard !bytes.isEmpty else {
      for tensor in start where tensor.count > 0 { try broadcast(tensor) }
      return nil
    }
    let run = try Self.decoded(SharedRun<State>.self, bytes)
    var tensors: [String: [String: Tensor]] = [:]
    for (place, entry) in run.tensors.enumerated() {
      let tensor =
        saved == nil ? .zeros(entry.shape, dtype: DType(rawValue: entry.dtype) ?? .float32) : own[place].1
      if tensor.count > 0 { try broadcast(tensor) }
      tensors[entry.file, default: [:]][entry.key] = tensor
    }
    return SavedRun(state: run.state, tensors: tensors, path: run.path, warning: saved?.warning)
  }

  /// A saved run without the elements of its tensors.
  private struct SharedRun<State: Codable>: Codable {
    var state: State
    var path: String
    var tensors: [SharedEntry]
  }

  private struct SharedEntry: Codable {
    var file, key: String
    var shape: [Int]
    var dtype: Int32
  }

  private static func encoded<Value: Encodable>(_ value: Value) throws(Fault) -> [UInt8] {
    do {
      return [UInt8](try JSONEncoder().encode(value))
    } catch {
      throw Fault(.failure, "the state of the run cannot be sent to the group", found: "\(error)")
    }
  }

  private static func decoded<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws(Fault) -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch {
      throw Fault(
        .failure, "what another process of the group has sent cannot be read", found: "\(error)",
        remedy: "start all processes with one version of the program")
    }
  }
}
