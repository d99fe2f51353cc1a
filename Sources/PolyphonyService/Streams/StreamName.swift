/// The name of a stream, by its bytes.
///
/// Swift calls two texts equal if they look the same, such as «é» as one scalar and as two. The files and the locks of
/// such streams differ, so the streams in memory must differ too.
struct StreamName: Hashable, Sendable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (one: StreamName, other: StreamName) -> Bool { one.text.utf8.elementsEqual(other.text.utf8) }

  func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
  }
}
