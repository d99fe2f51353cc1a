import Torch

/// Conversion between a strategy's state and named tensors.
enum StrategyState {
  /// Adds a prefix to the names of tensors.
  static func prefixed(_ prefix: String, _ tensors: [(key: String, tensor: Tensor)]) -> [(key: String, tensor: Tensor)]
  {
    tensors.map { ("\(prefix).\($0.key)", $0.tensor) }
  }

  /// The tensors with a prefix, under the rest of their names.
  static func section(_ prefix: String, of state: [String: Tensor]) -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (key, tensor) in state where key.hasPrefix(prefix + ".") {
      result[String(key.dropFirst(prefix.count + 1))] = tensor
    }
    return result
  }

  /// Stores numbers in a tensor with all their bits.
  static func numbers(_ values: [Double]) -> Tensor { Tensor(values) }

  /// Reads numbers of ``numbers(_:)``.
  /// - Throws: `Fault(.badData)` for a missing key or another count.
  static func numbers(_ key: String, of state: [String: Tensor], count: Int, file: String?) throws(Fault) -> [Double] {
    guard let tensor = state[key], tensor.count == count else {
      throw Fault(
        .badData, "the saved state of the balancing strategy does not fit", file: file, key: key,
        found: state[key]?.description ?? "no such tensor", expected: "\(count) numbers",
        remedy: "resume with the recipe that the run was started with")
    }
    return tensor.doubles
  }

  /// Reads a whole number of ``numbers(_:)``.
  /// - Throws: `Fault(.badData)` for a missing key, and for anything else than a whole number from the least one on.
  static func integer(
    _ key: String, of state: [String: Tensor], from least: Int = 0, file: String?
  ) throws(Fault) -> Int {
    let number = try numbers(key, of: state, count: 1, file: file)[0]
    guard let integer = Int(exactly: number), integer >= least else {
      throw Fault(
        .badData, "the saved state of the balancing strategy is damaged", file: file, key: key, found: "\(number)",
        expected: "a whole number from \(least) on", remedy: "resume from an undamaged copy, or start the run anew")
    }
    return integer
  }
}
