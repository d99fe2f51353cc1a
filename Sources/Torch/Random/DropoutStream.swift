/// The random stream of the fused kernels' dropout: a Philox key and how many calls have drawn from it.
///
/// The kernels derive every random bit from (seed, offset, place in the tensor), so that no mask is stored
/// and a saved pair continues the stream bit for bit.
public final class DropoutStream: Sendable {
  /// Where a stream stands.
  public struct State: Equatable, Codable, Sendable {
    /// The key, from ``Libtorch/seed(_:)``.
    public var seed: UInt64
    /// The number of draws so far.
    public var offset: UInt64

    /// A place in a stream.
    public init(seed: UInt64, offset: UInt64) { (self.seed, self.offset) = (seed, offset) }
  }

  private static let ofProcess = DropoutStream(State(seed: 0, offset: 0))

  /// Takes the place of the process's stream: tests run side by side.
  package static let ofThread = ThreadLocal<DropoutStream?>(nil)

  /// The stream that the kernels draw from.
  public static var shared: DropoutStream { ofThread.value ?? ofProcess }

  private let stored: Locked<State>

  package init(_ state: State) { stored = Locked(state) }

  /// Where the stream stands; setting it continues from there.
  public var state: State {
    get { stored.value }
    set { stored.value = newValue }
  }

  /// The place for one more call of a kernel.
  package func next() -> (seed: Int, offset: Int) {
    stored.update { state in
      defer { state.offset += 1 }
      return (Int(bitPattern: UInt(state.seed)), Int(state.offset))
    }
  }
}
