import Polyphony

/// What an extractor reads from a folder, such as weights: made at the first use, and kept for later ones.
///
/// One thread at a time may use it.
final class KeptTools<Tools>: @unchecked Sendable {
  private var made: Tools?

  /// The tools, which `make` makes at the first use.
  func tools(_ make: () throws(Fault) -> Tools) throws(Fault) -> Tools {
    if let made { return made }
    let new = try make()
    made = new
    return new
  }
}
