import Foundation
import Polyphony

/// The system's zlib. The reader of a compressed file loads it, so nothing else depends on it.
package struct Zlib {
  /// The struct `z_stream` of zlib.h. Its layout is part of zlib's interface and the same since version 1.0.
  struct Stream {
    var nextIn: UnsafePointer<UInt8>?
    var availableIn: CUnsignedInt = 0
    var totalIn: CUnsignedLong = 0
    var nextOut: UnsafeMutablePointer<UInt8>?
    var availableOut: CUnsignedInt = 0
    var totalOut: CUnsignedLong = 0
    var message: UnsafePointer<CChar>?
    var state: OpaquePointer?
    var allocate: OpaquePointer?
    var free: OpaquePointer?
    var opaque: OpaquePointer?
    var dataType: CInt = 0
    var adler: CUnsignedLong = 0
    var reserved: CUnsignedLong = 0
  }

  typealias Initialize = @convention(c) (UnsafeMutableRawPointer, CInt, UnsafePointer<CChar>, CInt) -> CInt
  typealias Step = @convention(c) (UnsafeMutableRawPointer, CInt) -> CInt
  typealias Finish = @convention(c) (UnsafeMutableRawPointer) -> CInt
  private typealias Checksum = @convention(c) (CUnsignedLong, UnsafePointer<UInt8>?, CUnsignedInt) -> CUnsignedLong

  /// The frame of compressed data, and the known facts about its content.
  enum Form {
    /// A member of a ZIP archive: no header, and the directory has length and checksum.
    case member(size: Int, crc: UInt32)
    /// zlib's own form, which ends with a checksum.
    case stream
  }

  /// The greatest factor by which deflate shrinks data, from zlib's documentation.
  private static let greatestFactor = 1032

  let initialize: Initialize
  let step: Step
  let finish: Finish
  private let checksum: Checksum

  /// The system's library. It is nil if it is not installed.
  static let library: UInt? = ["libz.so.1", "libz.so", "/usr/lib/libz.1.dylib"].lazy.compactMap { (name: String) in
    dlopen(name, RTLD_NOW).map { UInt(bitPattern: $0) }
  }.first

  /// Finds the library.
  /// - Throws: `Fault(.failure)` with the package to install.
  package init(for file: String) throws(Fault) {
    let handle = Self.library.flatMap { UnsafeMutableRawPointer(bitPattern: $0) }
    guard let handle, let initialize = dlsym(handle, "inflateInit2_"), let step = dlsym(handle, "inflate"),
      let finish = dlsym(handle, "inflateEnd"), let checksum = dlsym(handle, "crc32")
    else {
      throw Fault(
        .failure, "the file is compressed, and zlib is not installed", file: file, expected: "libz.so.1",
        remedy: "install zlib (Debian: apt install zlib1g), or save without compression")
    }
    self.initialize = unsafeBitCast(initialize, to: Initialize.self)
    self.step = unsafeBitCast(step, to: Step.self)
    self.finish = unsafeBitCast(finish, to: Finish.self)
    self.checksum = unsafeBitCast(checksum, to: Checksum.self)
  }

  /// Returns the checksum of bytes that PNG and ZIP use, CRC-32.
  package func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    UInt32(truncatingIfNeeded: checksum(0, bytes.bindMemory(to: UInt8.self).baseAddress, CUnsignedInt(bytes.count)))
  }

  /// Unpacks compressed data piece by piece, and checks its length and checksum.
  /// - Parameter check: looks at the beginning of the content once it is unpacked, before all the rest.
  /// - Throws: `Fault(.badData)` if the data is broken, or longer than in the directory.
  func inflate(
    _ file: RandomAccessFile, _ range: Range<Int>, _ form: Form, name: String, to scratch: ScratchFile,
    check: (() throws(Fault) -> Void)? = nil
  ) throws(Fault) -> ByteRange {
    let most: Int
    let expected: String
    switch form {
    case .member(let size, let crc): (most, expected) = (size, "\(size) bytes of checksum \(crc)")
    case .stream: (most, expected) = (range.count * Self.greatestFactor, "zlib's data to its end")
    }
    func broken(_ found: String) -> Fault {
      Fault(
        .badData, "a compressed array is broken", file: file.path, key: name, found: found, expected: expected,
        remedy: "copy or download the file again")
    }
    let stream = UnsafeMutablePointer<Stream>.allocate(capacity: 1)
    stream.initialize(to: Stream())
    defer { stream.deallocate() }
    // The window has 2¹⁵ bytes, and the minus selects data without a header.
    let window: CInt = if case .member = form { -15 } else { 15 }
    guard initialize(stream, window, "1.2.0", CInt(MemoryLayout<Stream>.size)) == 0 else {
      throw Fault(.failure, "zlib refuses to work", file: file.path, expected: "zlib 1.2 or newer")
    }
    defer { _ = finish(stream) }
    let start = scratch.count
    var output = [UInt8](repeating: 0, count: 1 << 18)
    var (place, sum, isAtEnd) = (range.lowerBound, checksum(0, nil, 0), false)
    var isChecked = false
    while !isAtEnd {
      guard place < range.upperBound else { throw broken("its end after \(scratch.count - start) bytes") }
      let input = try file.bytes(min(1 << 18, range.upperBound - place), at: place)
      place += input.count
      stream.pointee.availableIn = CUnsignedInt(input.count)
      var consumed = 0
      repeat {
        var code: CInt = 0
        let written = input.withUnsafeBufferPointer { input in
          output.withUnsafeMutableBufferPointer { output in
            stream.pointee.nextIn = input.baseAddress.map { $0 + consumed }
            stream.pointee.nextOut = output.baseAddress
            stream.pointee.availableOut = CUnsignedInt(output.count)
            code = step(stream, 0)
            consumed = input.count - Int(stream.pointee.availableIn)
            let written = output.count - Int(stream.pointee.availableOut)
            sum = checksum(sum, output.baseAddress, CUnsignedInt(written))
            return written
          }
        }
        // 0 continues, 1 is the end, and −5 needs more input or space.
        guard code == 0 || code == 1 || code == -5 else { throw broken("zlib's error \(code)") }
        try scratch.append(output[..<written])
        guard scratch.count - start <= most else { throw broken("more than \(most) bytes") }
        isAtEnd = code == 1
        if let check, !isChecked, scratch.count - start >= min(most, output.count) {
          isChecked = true
          try scratch.flush()
          try check()
        }
        if isAtEnd || written < output.count { break }
      } while true
    }
    if case .member(let size, let crc) = form, scratch.count - start != size || sum != CUnsignedLong(crc) {
      throw broken("\(scratch.count - start) bytes of checksum \(sum)")
    }
    return try scratch.range(from: start)
  }
}
