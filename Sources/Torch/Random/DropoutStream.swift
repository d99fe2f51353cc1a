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

  private let stored: Locked<(state: State, part: BatchPart?)>

  package init(_ state: State) { stored = Locked((state, nil)) }

  /// The current position. Assigning one continues from there.
  public var state: State {
    get { stored.value.state }
    set { stored.update { $0.state = newValue } }
  }

  /// The part of a batch that the next kernel calls work on. Its samples get the masks that they have in the whole batch.
  ///
  /// Nil stands for a whole batch.
  public var part: BatchPart? {
    get { stored.value.part }
    set { stored.update { $0.part = newValue } }
  }

  /// The position of one kernel call.
  package struct Place: Equatable {
    package var seed = 0
    package var offset = 0
    /// The number of units before those of the call in the whole batch.
    package var first = 0

    package init(seed: Int = 0, offset: Int = 0, first: Int = 0) {
      (self.seed, self.offset, self.first) = (seed, offset, first)
    }
  }

  /// Returns the position for one more kernel call.
  /// - Parameter units: the elements or samples that the call draws for.
  package func next(_ units: Int) -> Place {
    stored.update { stored in
      defer { stored.state.offset += 1 }
      return Place(
        seed: Int(bitPattern: UInt(stored.state.seed)), offset: Int(stored.state.offset),
        first: stored.part.map { units * $0.first / $0.count } ?? 0)
    }
  }
}

/// Some neighbouring samples of a batch.
public struct BatchPart: Equatable, Sendable {
  /// The number of samples before them in the batch.
  public let first: Int
  /// The number of samples, 1 or more.
  public let count: Int
  /// The number of samples of the whole batch.
  public let whole: Int

  /// Makes a part.
  public init(first: Int, count: Int, of whole: Int) { (self.first, self.count, self.whole) = (first, count, whole) }
}
