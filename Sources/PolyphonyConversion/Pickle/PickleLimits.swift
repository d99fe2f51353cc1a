import Polyphony

/// What a pickle may ask for, so that no file exhausts memory, stack or patience.
///
/// A feature file of the field has three splits with some twenty entries each; its numbers are in arrays, of which
/// only the place is kept. The longest lists have an entry for each sample.
struct PickleLimits {
  /// Operations.
  var operations = 8_000_000
  /// Entries of the memo.
  var memo = 4_000_000
  /// How deep containers may nest.
  var depth = 64
  /// Bytes of short texts and byte strings that are kept.
  var heldBytes = 256 << 20
  /// Letters of a number, or of a name.
  var lineLength = 4096
}
