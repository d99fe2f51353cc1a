import Polyphony

/// The limits on a pickle, so that no file exhausts memory, stack or patience.
///
/// A typical feature file has three splits with some twenty entries each. Its numbers are in arrays, of which the
/// reader keeps only the place. The longest lists have an entry for each sample.
struct PickleLimits {
  /// The number of operations.
  var operations = 8_000_000
  /// The number of entries of the memo.
  var memo = 4_000_000
  /// The depth of nested containers.
  var depth = 64
  /// The number of bytes of short texts and byte strings in memory.
  var heldBytes = 256 << 20
  /// The number of letters of a number or of a name.
  var lineLength = 4096
}
