import Polyphony

/// An array as NumPy describes it; its numbers stay in the file until they are asked for.
struct NumPyArray {
  /// Where the elements are.
  enum Content {
    /// Their bytes, without gaps.
    case bytes(ByteRange)
    /// Python objects from a pickle, in row-major order.
    case objects([PickleValue])
  }

  /// What an element is.
  let type: ElementType
  /// Extents.
  let shape: [Int]
  /// Whether the first index runs fastest (Fortran's order), and not the last.
  let isFortran: Bool
  /// Where the elements are.
  let content: Content

  /// An array whose content has been seen to fit its shape; nil where it does not.
  init?(type: ElementType, shape: [Int], isFortran: Bool, content: Content) {
    guard shape.count <= 64, let count = Self.count(shape) else { return nil }
    switch content {
    case .bytes(let bytes):
      let (size, overflow) = count.multipliedReportingOverflow(by: type.size)
      guard !overflow, size == bytes.count, type.kind != .object else { return nil }
    case .objects(let values): guard values.count == count else { return nil }
    }
    (self.type, self.shape, self.content) = (type, shape, content)
    // With at most one extent above 1 the two orders are the same.
    self.isFortran = isFortran && shape.filter { $0 > 1 }.count > 1
  }

  /// The number of elements; nil beyond what an `Int` counts.
  static func count(_ shape: [Int]) -> Int? {
    guard shape.allSatisfy({ $0 >= 0 }) else { return nil }
    if shape.contains(0) { return 0 }
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      if overflow { return nil }
      count = product
    }
    return count
  }

  /// The number of elements.
  var count: Int { Self.count(shape) ?? 0 }

  /// What the array is, for messages: `<f4 [1284, 50, 768]`.
  var summary: String { "\(type.name) \(shape)" }
}
