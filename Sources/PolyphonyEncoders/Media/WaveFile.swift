import Foundation
import Polyphony

/// Samples of sound in one channel, from −1 to 1.
public struct Sound: Sendable {
  /// The samples.
  public var samples: [Float]
  /// Samples per second.
  public var rate: Int

  /// Makes sound.
  public init(samples: [Float], rate: Int) { (self.samples, self.rate) = (samples, rate) }
}

/// A reader of WAVE files: PCM of 8 to 32 bits, and floating point of 32 or 64 bits.
enum WaveFile {
  /// The form of the samples, as the chunk `fmt ` has it.
  private struct Form {
    var isFloat: Bool
    var bits: Int
    var channels: Int
    var rate: Int

    var frameSize: Int { channels * bits / 8 }
  }

  private static let mostChannels = 64

  /// True for the first bytes of a WAVE file.
  static func isOne(_ beginning: some Collection<UInt8>) -> Bool {
    beginning.starts(with: "RIFF".utf8) && beginning.dropFirst(8).starts(with: "WAVE".utf8)
  }

  /// Reads the beginning of a file. Several channels become their mean.
  /// - Parameter seconds: the most seconds that are read.
  /// - Throws: `Fault(.missingInput)` without the file, `Fault(.badData)` for a broken file and for a form that is not
  ///   PCM or floating point.
  static func read(_ path: String, seconds: Double) throws(Fault) -> Sound {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw Fault(.missingInput, "the file is not there or cannot be read", file: path)
    }
    defer { try? handle.close() }
    guard let header = try? handle.read(upToCount: 12), isOne(header) else {
      throw Fault(.badData, "this is no WAVE file", file: path, expected: "RIFF and WAVE at the beginning")
    }
    var form: Form?
    while let chunk = try? handle.read(upToCount: 8), chunk.count == 8 {
      let bytes = [UInt8](chunk)
      let size = number(bytes, 4, 4)
      switch String(decoding: bytes.prefix(4), as: UTF8.self) {
      case "fmt ":
        form = try Self.form([UInt8]((try? handle.read(upToCount: min(size, 64))) ?? Data()), path)
        guard skip(handle, size - min(size, 64) + size % 2) else { throw cut(path) }
      case "data":
        guard let form else { throw Fault(.badData, "the samples come before their form", file: path) }
        // A recorder that was stopped leaves a size of 0 or of all ones. Then the samples reach to the end.
        let most = Int(seconds * Double(form.rate)) * form.frameSize
        let count = size == 0 || size == 0xFFFF_FFFF ? most : min(size, most)
        let data = (try? handle.read(upToCount: count)) ?? Data()
        return Sound(samples: samples([UInt8](data), form), rate: form.rate)
      default: guard skip(handle, size + size % 2) else { throw cut(path) }
      }
    }
    throw cut(path)
  }

  private static func cut(_ path: String) -> Fault {
    Fault(.badData, "a WAVE file is cut off", file: path, expected: "the chunks «fmt » and «data»")
  }

  private static func skip(_ handle: FileHandle, _ count: Int) -> Bool {
    guard count > 0 else { return true }
    guard let place = try? handle.offset(), let end = try? handle.seekToEnd(), place + UInt64(count) <= end else {
      return false
    }
    return (try? handle.seek(toOffset: place + UInt64(count))) != nil
  }

  private static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int {
    (0..<count).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) }
  }

  private static func form(_ bytes: [UInt8], _ path: String) throws(Fault) -> Form {
    guard bytes.count >= 16 else { throw cut(path) }
    var code = number(bytes, 0, 2)
    // An extensible form has its true code in front of a fixed identifier.
    if code == 0xFFFE, bytes.count >= 26 { code = number(bytes, 24, 2) }
    let form = Form(
      isFloat: code == 3, bits: number(bytes, 14, 2), channels: number(bytes, 2, 2), rate: number(bytes, 4, 4))
    let isKnown = code == 1 && [8, 16, 24, 32].contains(form.bits) || code == 3 && [32, 64].contains(form.bits)
    guard isKnown, (1...mostChannels).contains(form.channels), (1...1_000_000).contains(form.rate) else {
      throw Fault(
        .badData, "this form of WAVE file is not read", file: path,
        found: "code \(code), \(form.bits) bits, \(form.channels) channels, \(form.rate) a second",
        expected: "PCM of 8, 16, 24 or 32 bits, or floating point of 32 or 64")
    }
    return form
  }

  private static func samples(_ bytes: [UInt8], _ form: Form) -> [Float] {
    let count = bytes.count / form.frameSize
    let width = form.bits / 8
    var samples = [Float](repeating: 0, count: count)
    bytes.withUnsafeBytes { raw in
      for frame in 0..<count {
        var sum: Float = 0
        for channel in 0..<form.channels { sum += sample(raw, frame * form.frameSize + channel * width, form) }
        let mean = sum / Float(form.channels)
        samples[frame] = mean.isFinite ? mean : 0
      }
    }
    return samples
  }

  private static func sample(_ raw: UnsafeRawBufferPointer, _ place: Int, _ form: Form) -> Float {
    switch (form.isFloat, form.bits) {
    case (true, 32): Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
    case (true, _):
      Float(Double(bitPattern: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: UInt64.self))))
    case (_, 8): (Float(raw[place]) - 128) / 128
    case (_, 16): Float(Int16(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: Int16.self))) / 32768
    case (_, 24):
      Float(Int32(raw[place]) << 8 | Int32(raw[place + 1]) << 16 | Int32(Int8(bitPattern: raw[place + 2])) << 24)
        / 2_147_483_648
    default: Float(Int32(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: Int32.self))) / 2_147_483_648
    }
  }
}
