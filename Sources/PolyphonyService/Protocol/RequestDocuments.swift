import PolyphonySupport

/// The documents of earlier requests, so that a client that repeats one does not wait until it is read again.
///
/// A client that sends its tensors as bytes sends the same document in every request. To read it takes longer than to
/// compare it.
final class RequestDocuments: Sendable {
  /// The most documents that are kept. A further one takes the place of the oldest.
  private static let most = 16
  /// The most bytes of a document that is kept.
  private static let longest = 4 << 10

  private struct Entry {
    let bytes: ArraySlice<UInt8>
    let document: RequestDocument
  }

  private struct Entries {
    var entries: [Entry] = []
    /// The place of the oldest entry.
    var oldest = 0
  }

  private let known = Locked(Entries())

  /// The document that bytes hold.
  /// - Throws: The errors of ``RequestDocument``.
  func document(_ bytes: ArraySlice<UInt8>) throws(HTTPError) -> RequestDocument {
    guard bytes.count <= Self.longest else { return try RequestDocument(bytes) }
    let found = known.update { known in known.entries.first { $0.bytes == bytes }?.document }
    if let found { return found }
    let document = try RequestDocument(bytes)
    guard document.isRepeated else { return document }
    known.update { known in
      let entry = Entry(bytes: Array(bytes)[...], document: document)
      guard known.entries.count == Self.most else { return known.entries.append(entry) }
      known.entries[known.oldest] = entry
      known.oldest = (known.oldest + 1) % Self.most
    }
    return document
  }
}
