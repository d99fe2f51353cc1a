import Torch

extension Modality.Kind {
  /// The type of a number in a file: that of the kind of raw inputs, or f32.
  package var elementType: SafetensorsType { raw?.type ?? .f32 }
}

extension SafetensorsType {
  /// Returns the bytes of numbers. Those of raw inputs are whole numbers of their type.
  package func bytes(of numbers: some Collection<Float>) -> [UInt8] {
    func bytes(_ elements: [some BitwiseCopyable]) -> [UInt8] { elements.withUnsafeBytes { Array($0) } }
    switch self {
    case .i64: return bytes(numbers.map { Int64($0) })
    case .i16: return bytes(numbers.map { Int16($0) })
    case .u8: return numbers.map { UInt8($0) }
    default: return bytes(Array(numbers))
    }
  }
}
