import Polyphony
import Torch

/// The type of a NumPy array's elements, parsed from its type string: `<f4`, `|b1`, `>i8`, `<U12`, `|O`.
package struct ElementType: Equatable {
  /// The kind of an element.
  enum Kind: Equatable {
    case float, signed, unsigned, bool
    /// Bytes of a fixed length, padded with zeros.
    case bytes
    /// Unicode scalars of four bytes each, of a fixed length, padded with zeros.
    case text
    /// References to Python objects, which only a pickle can hold.
    case object
    /// Any other kind, such as complex numbers, dates or structures.
    case other
  }

  /// The kind of an element.
  let kind: Kind
  /// The number of bytes of an element.
  let size: Int
  /// True if the most significant byte comes first.
  var isBigEndian: Bool
  /// The type string in NumPy's form.
  let name: String

  /// Reads a type string. It is nil for an invalid one.
  init?(_ descriptor: String) {
    var rest = Substring(descriptor)
    isBigEndian = false
    if let first = rest.first, "<>|=".contains(first) {
      isBigEndian = first == ">"
      rest = rest.dropFirst()
    }
    guard let letter = rest.first else { return nil }
    let digits = rest.dropFirst()
    guard digits.isEmpty || digits.allSatisfy({ $0.isASCII && $0.isNumber }) else {
      // Dates have a form such as `M8[ns]`.
      guard "mM".contains(letter) else { return nil }
      (kind, size, name) = (.other, 8, descriptor)
      return
    }
    guard let number = digits.isEmpty ? 0 : Int(digits), number <= 1 << 30 else { return nil }
    name = descriptor
    switch (letter, number) {
    case ("f", 2), ("f", 4), ("f", 8): (kind, size) = (.float, number)
    case ("i", 1), ("i", 2), ("i", 4), ("i", 8): (kind, size) = (.signed, number)
    case ("u", 1), ("u", 2), ("u", 4), ("u", 8): (kind, size) = (.unsigned, number)
    case ("b", 1), ("?", 0): (kind, size) = (.bool, 1)
    case ("S", _), ("a", _): (kind, size) = (.bytes, number)
    case ("U", _): (kind, size) = (.text, number * 4)
    case ("O", _): (kind, size) = (.object, 8)
    case ("f", 1...), ("c", 1...), ("V", _), ("M", _), ("m", _): (kind, size) = (.other, max(1, number))
    default: return nil
    }
  }

  /// The type of numbers in a safetensors file, which are little-endian.
  package init(_ type: SafetensorsType) {
    (size, isBigEndian) = (type.size, false)
    switch type {
    case .f64, .f32, .f16: (kind, name) = (.float, "<f\(size)")
    case .i64, .i32, .i16, .i8: (kind, name) = (.signed, "<i\(size)")
    case .u8: (kind, name) = (.unsigned, "|u1")
    case .bool: (kind, name) = (.bool, "|b1")
    case .bf16: (kind, name) = (.other, "bf16")
    }
  }

  /// True if every element is a number.
  var isNumber: Bool {
    switch kind {
    case .float, .signed, .unsigned, .bool: true
    case .bytes, .text, .object, .other: false
    }
  }
}
