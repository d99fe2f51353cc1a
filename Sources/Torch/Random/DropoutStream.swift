/// The random stream of the fused kernels' dropout: a Philox key and the number of draws so far.
///
/// The kernels derive every random bit from seed, offset and position in the tensor. So no mask is stored, and a saved
/// pair of seed and offset continues the stream bit for bit.
public final class DropoutStream: Sendable {
  /// A position in a stream.
  public struct State: Equatable, Codable, Sendable {
    /// The key, from ``Libtorch/seed(_:)``.
    public var seed: UInt64
    /// The number of draws so far.
    public var offset: UInt64

    /// Makes a position.
    public init(seed: UInt64, offset: UInt64) { (self.seed, self.offset) = (seed, offset) }
  }

  private static let ofProcess = DropoutStream(State(seed: 0, offset: 0))

  /// Replaces the process's stream on one thread, because tests run side by side.
  package static let ofThread = ThreadLocal<DropoutStream?>(nil)

  /// The stream that the kernels use.
  public static var shared: DropoutStream { ofThread.value ?? ofProcess }

  private let stored: Locked<State>

  package init(_ state: State) { stored = Locked(state) }

  /// The current position. Assigning one continues from there.
  public var state: State {
    get { stored.value }
    set { stored.value = newValue }
  }

  /// Returns the position for one more kernel call.
  package func next() -> (seed: Int, offset: Int) {
    stored.update { state in
      defer { state.offset += 1 }
      return (Int(bitPattern: UInt(state.seed)), Int(state.offset))
    }
  }
}
