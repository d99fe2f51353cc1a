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
  /// The forms of files that are read. None of them names other files, as playlists do. So whoever makes a file cannot have
  /// another one read.
  private static let forms = [
    "aac", "ac3", "aiff", "amr", "asf", "au", "avi", "caf", "dts", "eac3", "flac", "flv", "gif", "ico", "image2", "m4v",
    "matroska", "mjpeg", "mov", "mp3", "mpeg", "mpegts", "mpegvideo", "ogg", "tta", "voc", "w64", "wav", "wv",
  ]
  /// The pictures that are known by their content.
  private static let pictureForms = [
    "bmp", "dds", "exr", "gif", "j2k", "jpeg", "jpegls", "jpegxl", "pam", "pbm", "pgm", "png", "ppm", "psd", "qoi",
    "sgi", "sunrast", "tiff", "webp", "xbm", "xpm",
  ].map { "\($0)_pipe" }

  /// Reads the first sound of a media file in one channel.
  /// - Throws: `Fault(.failure)` without ffmpeg, `Fault(.badData)` for media that it cannot read or takes too long for.
  static func sound(of path: String, rate: Int, seconds: Double) throws(Fault) -> Sound {
    let most = Int(seconds * Double(rate)) * 4
    var bytes = Data()
    try run(
      ["-map", "0:a:0", "-t", "\(seconds)", "-ac", "1", "-ar", "\(rate)", "-f", "f32le", "-"], path, wanted: "sound"
    ) { piece in
      bytes += piece.prefix(most - bytes.count)
      return bytes.count < most
    }
    let samples = bytes.withUnsafeBytes { raw in
      (0..<raw.count / 4).map { index in
        let sample = Float(
          bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
        return sample.isFinite ? sample : 0
      }
    }
    return Sound(samples: samples, rate: rate)
  }

  /// Reads a picture, or the first frame of a video.
  /// - Throws: The errors of ``sound(of:rate:seconds:)``.
  static func picture(of path: String) throws(Fault) -> Picture {
    var first: Picture?
    try pictures(of: path, ["-map", "0:v:0", "-frames:v", "1"], most: 1) { first = $0 }
    guard let first else { throw Fault(.badData, "the file has no picture", file: path) }
    return first
  }

  /// Reads the first frames of a video at a rate, one after another.
  /// - Throws: The errors of ``sound(of:rate:seconds:)``, and those of `body`.
  static func frames(
    of path: String, rate: Double, most: Int, _ body: (Picture) throws(Fault) -> Void
  ) throws(Fault) {
    // A capital V leaves out pictures that sound files carry.
    try pictures(of: path, ["-map", "0:V:0", "-vf", "fps=\(rate)", "-frames:v", "\(most)"], most: most, body)
  }

  private static func pictures(
    of path: String, _ arguments: [String], most: Int, _ body: (Picture) throws(Fault) -> Void
  ) throws(Fault) {
    var stream = PixmapStream()
    var count = 0
    try run(
      arguments + ["-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-"], path, wanted: "picture"
    ) { (piece) throws(Fault) in
      stream.append(piece)
      while count < most, let picture = try stream.next(path) {
        try body(picture)
        count += 1
      }
      return count < most
    }
  }

  /// Runs ffmpeg on a file, and hands its output over in pieces until there is no more, or no more is wanted.
  private static func run(
    _ arguments: [String], _ path: String, wanted: String, _ take: (Data) throws(Fault) -> Bool
  ) throws(Fault) {
    let process = Process()
    let (output, messages) = (Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      [
        "ffmpeg", "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-format_whitelist",
        (forms + pictureForms).joined(separator: ","), "-max_pixels", "\(Picture.mostPixels)", "-i", "file:\(path)",
      ] + arguments
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
    var isCut = false
    var fault: Fault?
    while !isCut, case let piece = output.fileHandleForReading.availableData, !piece.isEmpty {
      do throws(Fault) { isCut = try !take(piece) } catch { (isCut, fault) = (true, error) }
    }
    if isCut { kill(number, SIGKILL) }
    process.waitUntilExit()
    reading.wait()
    if let fault { throw fault }
    guard isCut || process.terminationStatus == 0 else {
      throw failure(path, process.terminationStatus, wanted: wanted, isLate: isLate.value, words.value)
    }
  }

  private static func failure(
    _ path: String, _ status: Int32, wanted: String, isLate: Bool, _ words: Data
  ) -> Fault {
    if status == 127 {
      return Fault(
        .failure, "this file needs the program ffmpeg, which is not there", file: path, expected: "ffmpeg on the PATH",
        remedy: "install ffmpeg, or save sound as WAVE and pictures as PNG")
    }
    if isLate {
      return Fault(
        .badData, "ffmpeg takes too long for the file", file: path, found: "more than \(Int(longest)) seconds")
    }
    let text = String(decoding: words, as: UTF8.self)
    if text.contains("not on whitelist") {
      return Fault(
        .badData, "this form of file is not read", file: path, expected: "sound, a picture or a video, and no playlist")
    }
    if text.contains("matches no streams") {
      return Fault(.badData, "the file has no \(wanted)", file: path)
    }
    return Fault(
      .badData, "ffmpeg cannot read the file", file: path,
      found: text.split(whereSeparator: \.isNewline).last.map { String($0.prefix(200)) })
  }
}

/// The pictures in a stream of PPM, as ffmpeg writes it.
private struct PixmapStream {
  /// Every header of ffmpeg is shorter.
  private static let longestHeader = 64
  private var bytes: [UInt8] = []

  mutating func append(_ piece: Data) { bytes += piece }

  /// Takes the next whole picture. It is nil if more bytes are needed.
  mutating func next(_ path: String) throws(Fault) -> Picture? {
    guard let header = PixmapHeader(bytes[...]) else {
      guard bytes.count < Self.longestHeader else {
        throw Fault(.badData, "ffmpeg gives no pictures of the file", file: path)
      }
      return nil
    }
    try Picture.check(width: header.width, height: header.height, path)
    let end = header.size + header.byteCount
    guard bytes.count >= end else { return nil }
    defer { bytes.removeFirst(end) }
    return header.picture(bytes[header.size..<end])
  }
}
