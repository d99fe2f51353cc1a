import Polyphony

/// The tools of an extractor, such as the weights of a folder. The first use makes them, and later ones share them.
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
