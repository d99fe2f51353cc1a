/// The element types that Polyphony reads and writes in safetensors files.
public enum SafetensorsType: String, CaseIterable, Sendable {
  /// IEEE 754 double precision.
  case f64 = "F64"
  /// IEEE 754 single precision.
  case f32 = "F32"
  /// IEEE 754 half precision.
  case f16 = "F16"
  /// The upper half of a single: eight bits of exponent, seven of fraction.
  case bf16 = "BF16"
  /// A signed integer of 64 bits.
  case i64 = "I64"
  /// A signed integer of 32 bits.
  case i32 = "I32"
  /// A signed integer of 16 bits.
  case i16 = "I16"
  /// A signed integer of 8 bits.
  case i8 = "I8"
  /// An unsigned integer of 8 bits.
  case u8 = "U8"
  /// One byte per truth value, 0 or 1.
  case bool = "BOOL"

  /// The number of bytes per element.
  public var size: Int {
    switch self {
    case .f64, .i64: 8
    case .f32, .i32: 4
    case .f16, .bf16, .i16: 2
    case .i8, .u8, .bool: 1
    }
  }

  /// The number of bytes of a tensor of a shape; nil if an extent is negative or the product overflows.
  public func byteCount(of shape: [Int]) -> Int? {
    guard shape.allSatisfy({ $0 >= 0 }) else { return nil }
    if shape.contains(0) { return 0 }
    var count = size
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      if overflow { return nil }
      count = product
    }
    return count
  }
}
