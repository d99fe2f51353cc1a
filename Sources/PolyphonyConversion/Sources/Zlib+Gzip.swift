import Foundation
import Polyphony

extension Zlib {
  private typealias Start =
    @convention(c) (
      UnsafeMutableRawPointer, CInt, CInt, CInt, CInt, CInt, UnsafePointer<CChar>, CInt
    ) -> CInt

  /// Compresses bytes into the form of gzip. The same bytes always give the same file.
  /// - Throws: `Fault(.failure)` if the library lacks a function.
  static func gzip(_ bytes: [UInt8], file: String) throws(Fault) -> [UInt8] {
    let handle = library.flatMap { UnsafeMutableRawPointer(bitPattern: $0) }
    guard let handle, let start = dlsym(handle, "deflateInit2_"), let step = dlsym(handle, "deflate"),
      let finish = dlsym(handle, "deflateEnd")
    else {
      throw Fault(
        .failure, "the file is to be compressed, and zlib is not installed", file: file, expected: "libz.so.1",
        remedy: "install zlib (Debian: apt install zlib1g), or name a file that ends in .nii")
    }
    let stream = UnsafeMutablePointer<Stream>.allocate(capacity: 1)
    stream.initialize(to: Stream())
    defer { stream.deallocate() }
    // Level 6, method 8 (deflate), a window of 2¹⁵ bytes in gzip's frame, memory level 8, and no special strategy.
    let code = unsafeBitCast(start, to: Start.self)(
      stream, 6, 8, 31, 8, 0, "1.2.0", CInt(MemoryLayout<Stream>.size))
    guard code == 0 else { throw Fault(.failure, "zlib refuses to work", file: file, expected: "zlib 1.2 or newer") }
    defer { _ = unsafeBitCast(finish, to: Finish.self)(stream) }
    let deflate = unsafeBitCast(step, to: Step.self)
    var (result, output, place) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 18), 0)
    while true {
      let input = Array(bytes[place..<min(bytes.count, place + 1 << 20)])
      place += input.count
      let isLast = place == bytes.count
      let code = input.withUnsafeBufferPointer { input in
        stream.pointee.nextIn = input.baseAddress
        stream.pointee.availableIn = CUnsignedInt(input.count)
        return output.withUnsafeMutableBufferPointer { output in
          var code: CInt = 0
          repeat {
            stream.pointee.nextOut = output.baseAddress
            stream.pointee.availableOut = CUnsignedInt(output.count)
            // 4 asks for the end of the data.
            code = deflate(stream, isLast ? 4 : 0)
            result.append(contentsOf: output[..<(output.count - Int(stream.pointee.availableOut))])
          } while code == 0 && stream.pointee.availableOut == 0
          return code
        }
      }
      guard !isLast else {
        guard code == 1 else { throw Fault(.failure, "zlib's error \(code)", file: file) }
        return result
      }
    }
  }
}
