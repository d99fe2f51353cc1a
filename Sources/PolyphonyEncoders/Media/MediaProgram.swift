import Dispatch
import Foundation
import Polyphony

/// The program `ffmpeg`, which reads the media that are not read here.
///
/// It runs without a shell and reads files and pipes alone. It has a limit of time, and no more than the wanted bytes are
/// taken from it. Foundation runs it, so the package needs no further library for one process.
enum MediaProgram {
  /// The longest time for one file, in seconds.
  static let longest = 60.0

  /// Reads the first sound of a media file in one channel.
  /// - Throws: `Fault(.failure)` without ffmpeg, `Fault(.badData)` for media that it cannot read or takes too long for.
  static func sound(of path: String, rate: Int, seconds: Double) throws(Fault) -> Sound {
    let bytes = try run(
      ["-map", "0:a:0", "-t", "\(seconds)", "-ac", "1", "-ar", "\(rate)", "-f", "f32le", "-"], path,
      most: Int(seconds * Double(rate)) * 4)
    let samples = bytes.withUnsafeBytes { raw in
      (0..<raw.count / 4).map { index in
        let sample = Float(
          bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
        return sample.isFinite ? sample : 0
      }
    }
    return Sound(samples: samples, rate: rate)
  }

  /// Runs ffmpeg on a file, and returns at most so many bytes of its output.
  private static func run(_ arguments: [String], _ path: String, most: Int) throws(Fault) -> Data {
    guard FileManager.default.fileExists(atPath: path) else {
      throw Fault(.missingInput, "the file is not there or cannot be read", file: path)
    }
    let process = Process()
    let (output, messages) = (Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      ["ffmpeg", "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-i", "file:\(path)"] + arguments
    process.standardInput = FileHandle.nullDevice
    (process.standardOutput, process.standardError) = (output, messages)
    let isLate = Locked(false)
    let watch = DispatchSource.makeTimerSource()
    do {
      try process.run()
    } catch {
      throw Fault(.failure, "ffmpeg cannot be run", file: path, found: "\(error)", remedy: "install ffmpeg")
    }
    let number = process.processIdentifier
    watch.setEventHandler {
      isLate.value = true
      kill(number, SIGKILL)
    }
    watch.schedule(deadline: .now() + longest)
    watch.resume()
    defer { watch.cancel() }
    // The messages are read beside the output, so that a full pipe never stops the program.
    let words = Locked(Data())
    let reading = DispatchGroup()
    let handle = messages.fileHandleForReading
    DispatchQueue.global().async(group: reading) {
      while case let piece = handle.availableData, !piece.isEmpty {
        if words.value.count < 1 << 16 { words.value += piece }
      }
    }
    var data = Data()
    while data.count < most, case let piece = output.fileHandleForReading.availableData, !piece.isEmpty {
      data += piece
    }
    if data.count >= most { kill(number, SIGKILL) }
    process.waitUntilExit()
    reading.wait()
    let isCut = data.count >= most
    guard isCut || process.terminationStatus == 0 else {
      let text = String(decoding: words.value, as: UTF8.self)
      if process.terminationStatus == 127 {
        throw Fault(
          .failure, "this file needs the program ffmpeg, which is not there", file: path,
          expected: "ffmpeg on the PATH",
          remedy: "install ffmpeg, or save sound as WAVE")
      }
      throw Fault(
        .badData, isLate.value ? "ffmpeg takes too long for the file" : "ffmpeg cannot read the file", file: path,
        found: isLate.value
          ? "more than \(Int(longest)) seconds" : text.split(whereSeparator: \.isNewline).last.map(String.init))
    }
    return data.prefix(most)
  }
}
