/// The names of keys and columns in messages and as modalities.
extension String {
  /// The part of a key after its last slash.
  var lastPart: String { split(separator: "/").last.map(String.init) ?? self }
}

extension Array where Element == String {
  /// The names with commas between them. A list of more than 24 ends with «…».
  var listed: String { prefix(24).joined(separator: ", ") + (count > 24 ? ", …" : "") }
}
