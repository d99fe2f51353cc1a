import Polyphony
import Torch

/// The type in which a model reads the values of a modality.
enum ElementType {
  case float32, int64, int16, uint8

  /// The type of a modality: f32, or that of its raw inputs.
  init(_ modality: Modality) throws(HTTPError) {
    switch modality.kind.elementType {
    case .f32: self = .float32
    case .i64: self = .int64
    case .i16: self = .int16
    case .u8: self = .uint8
    default: throw HTTPError(500, "inputs: \(modality.name): the service does not know the model's type")
    }
  }

  /// The name of the type in the protocol.
  var datatype: Datatype {
    switch self {
    case .float32: .fp32
    case .int64: .int64
    case .int16: .int16
    case .uint8: .uint8
    }
  }

  /// The values of an input in this type. A copy is made only where the client has sent another type.
  /// - Throws: `HTTPError(400)` for a number that is not finite, and for one that the type or the encoder does not hold.
  func bytes(of input: InputTensor, _ modality: Modality) throws(HTTPError) -> ArraySlice<UInt8> {
    let mayHaveGaps = modality.missingCells != nil
    if self == .float32, case .bytes(let bytes) = input.elements, input.datatype == .fp32 {
      guard Self.isFinite(bytes, mayHaveGaps: mayHaveGaps) else { throw Self.notFinite(input) }
      return bytes
    }
    let numbers = try SampleReader.numbers(input)
    switch self {
    case .float32:
      let floats = numbers.map { Float($0) }
      guard floats.allSatisfy({ $0.isFinite || mayHaveGaps && $0.isNaN }) else { throw Self.notFinite(input) }
      return Self.bytes(floats)
    case .int64:
      let most = modality.encoder?.vocabulary.map { $0 - 1 } ?? Int(Int32.max)
      return Self.bytes(try Self.whole(numbers, 0...Double(most), input).map { Int64($0) })
    case .int16: return Self.bytes(try Self.whole(numbers, -32_768...32_767, input).map { Int16($0) })
    case .uint8: return Self.bytes(try Self.whole(numbers, 0...255, input).map { UInt8($0) })
    }
  }

  private static func bytes(_ elements: [some BitwiseCopyable]) -> ArraySlice<UInt8> {
    elements.withUnsafeBytes { Array($0) }[...]
  }

  private static func whole(
    _ numbers: [Double], _ range: ClosedRange<Double>, _ input: InputTensor
  ) throws(HTTPError) -> [Double] {
    if let wrong = numbers.first(where: { !range.contains($0) || $0.rounded() != $0 }) {
      throw SampleReader.refuse(
        input, "\(wrong); expected: whole numbers from \(Int(range.lowerBound)) to \(Int(range.upperBound))")
    }
    return numbers
  }

  private static func notFinite(_ input: InputTensor) -> HTTPError {
    SampleReader.refuse(input, "a value is not a finite number")
  }

  /// True if all numbers of single precision are finite, or NaN where cells may be missing.
  private static func isFinite(_ bytes: ArraySlice<UInt8>, mayHaveGaps: Bool) -> Bool {
    bytes.withUnsafeBytes { bytes in
      // All ones in the exponent: an infinity without a fraction, NaN with one. The sign is shifted out. Without a
      // branch, the compiler takes several numbers at a time.
      let infinity: UInt32 = 0xFF00_0000
      var wrong: UInt32 = 0
      for place in 0..<bytes.count / 4 {
        let bits = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place &* 4, as: UInt32.self)) &<< 1
        wrong |= (mayHaveGaps ? bits == infinity : bits >= infinity) ? 1 : 0
      }
      return wrong == 0
    }
  }
}
