import CTorchInterface

/// A random number generator of libtorch (Mersenne twister) with a state that can be saved.
///
/// ```swift
/// let generator = Generator(seed: 17)
/// let noise = Tensor.normal([8, 40], generator: generator)
/// let saved = generator.state
/// let order = generator.permutation(8)
/// try generator.restore(saved)  // the next permutation(8) is `order` again
/// ```
///
/// libtorch guards a generator with a lock, so threads may share one.
public final class Generator: @unchecked Sendable {
  let handle: ctorch_generator

  /// Makes an independent generator from a seed.
  public init(seed: UInt64) { handle = Door.table.new_generator(seed)! }

  private init(owning handle: ctorch_generator) { self.handle = handle }

  deinit { Door.table.release_generator(handle) }

  /// Replaces the process's generator on one thread, because tests run side by side.
  package static let ofThread = ThreadLocal<Generator?>(nil)

  /// The generator that operators use by default.
  public static var standard: Generator { ofThread.value ?? Generator(owning: Door.table.default_generator()!) }

  /// The whole state, as libtorch's bytes.
  public var state: [UInt8] {
    var handle: ctorch_tensor?
    let message = Door.message { handle = Door.table.generator_state(self.handle, $0) }
    guard let handle else { Door.fail("the state of a generator: \(message ?? "")") }
    return Tensor(owning: handle).array(of: UInt8.self)
  }

  /// Restores a state that ``state`` returned.
  /// - Throws: `Fault` of kind `badData` if the bytes are not a generator's state.
  public func restore(_ state: [UInt8]) throws(Fault) {
    let tensor = Tensor(state)
    if let message = Door.message({ _ = Door.table.set_generator_state(handle, tensor.handle, $0) }) {
      throw Fault(.badData, "the saved state of a random generator cannot be used", found: message)
    }
  }

  /// Returns the numbers 0 ..< count in random order.
  public func permutation(_ count: Int) -> [Int] {
    Operators.randperm(.int(count), .generator(self), .dtype(.int64), .none, .device(.cpu), .none).integers
  }
}
