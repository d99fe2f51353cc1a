/// The type of a tensor's elements; raw values are libtorch's `ScalarType`.
public enum DType: Int32, Sendable, CaseIterable {
  /// An unsigned integer of 8 bits.
  case uint8 = 0
  /// A signed integer of 8 bits.
  case int8 = 1
  /// A signed integer of 16 bits.
  case int16 = 2
  /// A signed integer of 32 bits.
  case int32 = 3
  /// A signed integer of 64 bits.
  case int64 = 4
  /// IEEE 754 half precision.
  case float16 = 5
  /// IEEE 754 single precision.
  case float32 = 6
  /// IEEE 754 double precision.
  case float64 = 7
  /// One byte per truth value, 0 or 1.
  case bool = 11
  /// The upper half of a single: eight bits of exponent, seven of fraction.
  case bfloat16 = 15

  /// The size of one element in bytes.
  public var byteCount: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .int16, .float16, .bfloat16: 2
    case .int32, .float32: 4
    case .int64, .float64: 8
    }
  }

  /// True for floating-point types.
  public var isFloatingPoint: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: true
    default: false
    }
  }
}

/// A Swift type that can hold a tensor's elements.
public protocol TensorScalar: Sendable {
  /// The element type with the same bytes.
  static var dtype: DType { get }
}

extension Float: TensorScalar {
  /// The element type `float32`.
  public static var dtype: DType { .float32 }
}

extension Double: TensorScalar {
  /// The element type `float64`.
  public static var dtype: DType { .float64 }
}

extension Int: TensorScalar {
  /// The element type `int64`.
  public static var dtype: DType { .int64 }
}

extension Int64: TensorScalar {
  /// The element type `int64`.
  public static var dtype: DType { .int64 }
}

extension Int32: TensorScalar {
  /// The element type `int32`.
  public static var dtype: DType { .int32 }
}

extension UInt8: TensorScalar {
  /// The element type `uint8`.
  public static var dtype: DType { .uint8 }
}

extension Bool: TensorScalar {
  /// The element type `bool`.
  public static var dtype: DType { .bool }
}
