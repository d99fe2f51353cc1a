import Polyphony

extension ElementType {
  /// Converts elements to single precision, rounded to the nearest like NumPy's `astype(float32)`.
  ///
  /// `raw` holds `output.count` elements of a number type.
  func convert(_ raw: UnsafeRawBufferPointer, to output: UnsafeMutableBufferPointer<Float>) {
    switch (kind, size) {
    case (.float, 4) where !isBigEndian: UnsafeMutableRawBufferPointer(output).copyMemory(from: raw)
    case (.float, 4): each(raw, output, UInt32.self) { Float(bitPattern: $0) }
    case (.float, 8): each(raw, output, UInt64.self) { Float(Double(bitPattern: $0)) }
    case (.float, _): each(raw, output, UInt16.self) { Self.single(half: $0) }
    case (.signed, 1): each(raw, output, UInt8.self) { Float(Int8(bitPattern: $0)) }
    case (.signed, 2): each(raw, output, UInt16.self) { Float(Int16(bitPattern: $0)) }
    case (.signed, 4): each(raw, output, UInt32.self) { Float(Int32(bitPattern: $0)) }
    case (.signed, _): each(raw, output, UInt64.self) { Float(Int64(bitPattern: $0)) }
    case (.bool, _): each(raw, output, UInt8.self) { $0 == 0 ? 0 : 1 }
    case (_, 1): each(raw, output, UInt8.self) { Float($0) }
    case (_, 2): each(raw, output, UInt16.self) { Float($0) }
    case (_, 4): each(raw, output, UInt32.self) { Float($0) }
    default: each(raw, output, UInt64.self) { Float($0) }
    }
  }

  /// Returns elements in single precision, as ``convert(_:to:)`` does.
  package func numbers(_ raw: UnsafeRawBufferPointer) -> [Float] {
    let length = raw.count / size
    return Array(unsafeUninitializedCapacity: length) { output, count in
      convert(raw, to: UnsafeMutableBufferPointer(rebasing: output[..<length]))
      count = length
    }
  }

  /// Returns one number in double precision. Whole numbers beyond 2⁵³ are rounded.
  func double(_ raw: UnsafeRawBufferPointer, _ index: Int) -> Double {
    func bits<Word: FixedWidthInteger>(_: Word.Type) -> Word {
      let word = raw.loadUnaligned(fromByteOffset: index * size, as: Word.self)
      return isBigEndian ? Word(bigEndian: word) : Word(littleEndian: word)
    }
    switch (kind, size) {
    case (.float, 4): return Double(Float(bitPattern: bits(UInt32.self)))
    case (.float, 8): return Double(bitPattern: bits(UInt64.self))
    case (.float, _): return Double(Self.single(half: bits(UInt16.self)))
    case (.signed, 1): return Double(Int8(bitPattern: bits(UInt8.self)))
    case (.signed, 2): return Double(Int16(bitPattern: bits(UInt16.self)))
    case (.signed, 4): return Double(Int32(bitPattern: bits(UInt32.self)))
    case (.signed, _): return Double(Int64(bitPattern: bits(UInt64.self)))
    case (.bool, _): return bits(UInt8.self) == 0 ? 0 : 1
    case (_, 1): return Double(bits(UInt8.self))
    case (_, 2): return Double(bits(UInt16.self))
    case (_, 4): return Double(bits(UInt32.self))
    default: return Double(bits(UInt64.self))
    }
  }

  /// Returns one text, without the zeros at its end.
  func text(_ raw: UnsafeRawBufferPointer, _ index: Int) -> String {
    let bytes = UnsafeRawBufferPointer(rebasing: raw[index * size..<(index + 1) * size])
    if kind == .bytes {
      let end = bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
      return String(decoding: bytes[..<end], as: UTF8.self)
    }
    var scalars = String.UnicodeScalarView()
    for start in stride(from: 0, to: bytes.count, by: 4) {
      let word = bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)
      let value = isBigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
      scalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
    }
    while scalars.last == "\0" { scalars.removeLast() }
    return String(scalars)
  }

  /// Widens IEEE 754 half precision, without `Float16`, which Intel Macs lack.
  static func single(half: UInt16) -> Float {
    let sign = UInt32(half & 0x8000) << 16
    let (exponent, fraction) = (UInt32(half >> 10 & 31), UInt32(half & 1023))
    switch exponent {
    case 0:
      let magnitude = Float(fraction) * 0x1p-24
      return sign == 0 ? magnitude : -magnitude
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }

  private func each<Word: FixedWidthInteger>(
    _ raw: UnsafeRawBufferPointer, _ output: UnsafeMutableBufferPointer<Float>, _: Word.Type, _ convert: (Word) -> Float
  ) {
    for index in output.indices {
      let word = raw.loadUnaligned(fromByteOffset: index * MemoryLayout<Word>.size, as: Word.self)
      output[index] = convert(isBigEndian ? Word(bigEndian: word) : Word(littleEndian: word))
    }
  }
}
