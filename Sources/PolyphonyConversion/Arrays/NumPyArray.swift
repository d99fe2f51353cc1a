import Polyphony

/// An array in NumPy's description. Its numbers stay in the file until a caller reads them.
struct NumPyArray {
  /// The storage of the elements.
  enum Content {
    /// The elements' bytes, without gaps.
    case bytes(ByteRange)
    /// Python objects from a pickle, in row-major order.
    case objects([PickleValue])
  }

  /// The type of the elements.
  let type: ElementType
  /// The extents of the array.
  let shape: [Int]
  /// True if the first index runs fastest (Fortran's order), false if the last one does.
  let isFortran: Bool
  /// The storage of the elements.
  let content: Content

  /// Makes an array. It is nil if the content does not fit the shape.
  init?(type: ElementType, shape: [Int], isFortran: Bool, content: Content) {
    guard shape.count <= 64, let count = Self.count(shape) else { return nil }
    switch content {
    case .bytes(let bytes):
      let (size, overflow) = count.multipliedReportingOverflow(by: type.size)
      guard !overflow, size == bytes.count, type.kind != .object else { return nil }
    case .objects(let values): guard values.count == count else { return nil }
    }
    (self.type, self.shape, self.content) = (type, shape, content)
    // The two orders are equal if at most one extent is above 1.
    self.isFortran = isFortran && shape.filter { $0 > 1 }.count > 1
  }

  /// The number of elements of a shape. It is nil beyond the range of `Int`.
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

  /// The array's description for messages, such as `<f4 [1284, 50, 768]`.
  var summary: String { "\(type.name) \(shape)" }
}
