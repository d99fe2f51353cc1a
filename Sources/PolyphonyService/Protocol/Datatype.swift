/// The type of a tensor's elements, by its name in the Open Inference Protocol.
package enum Datatype: String, CaseIterable, Sendable {
  case bool = "BOOL"
  case uint8 = "UINT8"
  case uint16 = "UINT16"
  case uint32 = "UINT32"
  case uint64 = "UINT64"
  case int8 = "INT8"
  case int16 = "INT16"
  case int32 = "INT32"
  case int64 = "INT64"
  case fp16 = "FP16"
  case fp32 = "FP32"
  case fp64 = "FP64"
  case bf16 = "BF16"
  case bytes = "BYTES"

  /// The size of an element in bytes. It is nil for texts, which have their own lengths.
  var size: Int? {
    switch self {
    case .bool, .uint8, .int8: 1
    case .uint16, .int16, .fp16, .bf16: 2
    case .uint32, .int32, .fp32: 4
    case .uint64, .int64, .fp64: 8
    case .bytes: nil
    }
  }

  /// Reads elements in the order of their bytes, little-endian, and calls `body` with each as a double.
  ///
  /// A whole number of 64 bits beyond 2⁵³ is rounded.
  func forEach(in bytes: UnsafeRawBufferPointer, _ body: (Double) -> Void) {
    func each<Value>(_ type: Value.Type, _ convert: (Value) -> Double) {
      let size = MemoryLayout<Value>.size
      for place in stride(from: 0, to: bytes.count - bytes.count % size, by: size) {
        body(convert(bytes.loadUnaligned(fromByteOffset: place, as: type)))
      }
    }
    switch self {
    case .bool: each(UInt8.self) { $0 == 0 ? 0 : 1 }
    case .uint8: each(UInt8.self) { Double($0) }
    case .uint16: each(UInt16.self) { Double(UInt16(littleEndian: $0)) }
    case .uint32: each(UInt32.self) { Double(UInt32(littleEndian: $0)) }
    case .uint64: each(UInt64.self) { Double(UInt64(littleEndian: $0)) }
    case .int8: each(Int8.self) { Double($0) }
    case .int16: each(Int16.self) { Double(Int16(littleEndian: $0)) }
    case .int32: each(Int32.self) { Double(Int32(littleEndian: $0)) }
    case .int64: each(Int64.self) { Double(Int64(littleEndian: $0)) }
    case .fp16: each(UInt16.self) { Self.half(UInt16(littleEndian: $0)) }
    case .fp32: each(UInt32.self) { Double(Float(bitPattern: UInt32(littleEndian: $0))) }
    case .fp64: each(UInt64.self) { Double(bitPattern: UInt64(littleEndian: $0)) }
    case .bf16: each(UInt16.self) { Double(Float(bitPattern: UInt32(UInt16(littleEndian: $0)) << 16)) }
    case .bytes: break
    }
  }

  /// The value of a number in IEEE 754 half precision. Swift has the type on some processors only.
  private static func half(_ bits: UInt16) -> Double {
    let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 1023))
    let size: Double =
      switch exponent {
      case 0: fraction * 0x1p-24
      case 31: fraction == 0 ? .infinity : .nan
      default: (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
      }
    return bits >> 15 == 1 ? -size : size
  }
}
