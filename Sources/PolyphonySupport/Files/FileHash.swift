import Crypto
import Foundation

/// The SHA-256 of files.
package enum FileHash {
  /// Computes a file's hash in hexadecimal digits, reading piece by piece.
  package static func sha256(of path: String) throws(Fault) -> String {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw Fault(.missingInput, "the file is not there or cannot be read", file: path)
    }
    defer { try? handle.close() }
    var hash = SHA256()
    while let piece = try? handle.read(upToCount: 1 << 22), !piece.isEmpty { hash.update(data: piece) }
    return digits(hash.finalize())
  }

  /// Computes the hash of memory in hexadecimal digits, without a copy.
  package static func sha256(of bytes: UnsafeRawBufferPointer) -> String {
    sha256(ofPieces: { $0(bytes) })
  }

  /// Computes the hash of pieces of memory, one after another, in hexadecimal digits.
  /// - Parameter body: calls its argument with each piece.
  package static func sha256(ofPieces body: ((UnsafeRawBufferPointer) -> Void) -> Void) -> String {
    var hash = SHA256()
    body { hash.update(bufferPointer: $0) }
    return digits(hash.finalize())
  }

  /// Computes the hash of bytes in hexadecimal digits.
  package static func sha256(_ bytes: some Sequence<UInt8>) -> String {
    digits(SHA256.hash(data: Array(bytes)))
  }

  private static func digits(_ digest: SHA256Digest) -> String { digest.map { String(format: "%02x", $0) }.joined() }
}
