import Polyphony

/// A computational sequence of CMU-MultimodalSDK: entries with features and times for each video.
///
/// The file is HDF5 with `/ROOT/data/VIDEO/features` `[n, …]` and `/ROOT/data/VIDEO/intervals` `[n, 2]` in seconds. A
/// part of an aligned file is called `VIDEO[3]`, and all parts of a video belong together.
struct ComputationalSequence {
  /// The entries of one video.
  struct Recording {
    /// The groups of the video's parts, with the number of entries of each.
    var parts: [(group: String, count: Int)] = []
    /// The times of all entries in the order of the file.
    var intervals: [TimedEntries.Interval] = []
  }

  /// The content of an entry.
  enum Content: Equatable {
    /// Some numbers.
    case numbers(Int)
    /// A text, such as a word.
    case text

    /// The content in words.
    var summary: String { if case .numbers(let count) = self { "\(count) numbers" } else { "a text" } }
  }

  /// The name that the user gave the sequence.
  let name: String
  let path: String
  /// The content of every entry.
  let content: Content
  /// The videos by name.
  let recordings: [String: Recording]

  private let data: HDF5Object
  private static let mostGroups = 1_000_000
  private static let mostEntries = 1 << 24
  private static let mostBytes = 1 << 30

  /// Returns the name of the sequence in a file. It is nil for other HDF5 files.
  static func name(in file: HDF5Object, _ path: String) throws(Fault) -> String? {
    for name in try file.names(path, atMost: 8) {
      guard let data = file.group(name)?.group("data"), let first = try data.names(path, atMost: 1).first,
        let recording = data.group(first), recording.member("features") != nil, recording.member("intervals") != nil
      else { continue }
      return name
    }
    return nil
  }

  /// Reads the times of all entries. The features stay in the file.
  /// - Throws: `Fault(.badData)` for a file of another form, and for features and times that do not fit together.
  init(_ path: String, name: String) throws(Fault) {
    (self.name, self.path) = (name, path)
    let library = try HDF5Library.load(for: path)
    (data, content, recordings) = try library.locked { (_) throws(Fault) in
      let file = try HDF5Object.file(path, library)
      guard let root = try Self.name(in: file, path), let data = file.group(root)?.group("data") else {
        throw Fault(
          .badData, "this is no computational sequence of CMU-MultimodalSDK", file: path, key: "--input \(name)",
          expected: "features and intervals for each video",
          remedy: "give all sequences, and no file of another form beside them")
      }
      var content: Content?
      var recordings: [String: Recording] = [:]
      let groups = try data.names(path, atMost: Self.mostGroups)
      for group in groups.sorted(by: { Self.order($0) < Self.order($1) }) {
        let place = "/\(root)/data/\(group)"
        let (intervals, own) = try Self.read(data, group, place, path)
        guard content == nil || content == own else {
          throw Fault(
            .badData, "the features of two videos differ in form", file: path, key: place, found: own.summary,
            expected: content.map(\.summary))
        }
        content = own
        let video = Self.order(group).video
        recordings[video, default: Recording()].parts.append((group, intervals.count))
        recordings[video, default: Recording()].intervals += intervals
      }
      return (data, content ?? .text, recordings)
    }
  }

  /// Splits a name such as `VIDEO[3]` into the video and the number of its part.
  private static func order(_ group: String) -> (video: String, part: Int) {
    let pieces = group.split(separator: "[", maxSplits: 1, omittingEmptySubsequences: false)
    return (String(pieces[0]), pieces.count > 1 ? Int(pieces[1].dropLast()) ?? 0 : 0)
  }

  /// Reads the times of one group, and the form of its features.
  private static func read(
    _ data: HDF5Object, _ group: String, _ place: String, _ path: String
  ) throws(Fault) -> ([TimedEntries.Interval], Content) {
    func wrong(_ found: String) -> Fault {
      Fault(
        .badData, "features and intervals do not fit together", file: path, key: place, found: found,
        expected: "features [n, F] and finite intervals [n, 2]", remedy: "copy or download the file again")
    }
    let times = try array("intervals", data, group, place, path)
    let features = try array("features", data, group, place, path)
    guard times.shape.count == 2, times.shape[1] == 2, let type = times.type, type.isNumber,
      times.shape[0] <= mostEntries, features.shape.first == times.shape[0], features.shape.count > 1,
      let width = NumPyArray.count(Array(features.shape.dropFirst())), width > 0
    else { throw wrong("features \(features.shape) and intervals \(times.shape)") }
    let raw = try ByteRange.hdf5(times).bytes()
    var intervals: [TimedEntries.Interval] = []
    raw.withUnsafeBytes { raw in
      for row in 0..<times.shape[0] {
        intervals.append(.init(start: type.double(raw, 2 * row), end: type.double(raw, 2 * row + 1)))
      }
    }
    if let row = intervals.firstIndex(where: { !$0.start.isFinite || !$0.end.isFinite }) {
      throw wrong("\(intervals[row].start) to \(intervals[row].end) s in entry \(row)")
    }
    return (intervals, features.type?.isNumber == true ? .numbers(width) : .text)
  }

  private static func array(
    _ name: String, _ data: HDF5Object, _ group: String, _ place: String, _ path: String
  ) throws(Fault) -> HDF5Dataset {
    guard let recording = data.group(group), let object = recording.member(name), object.kind == .dataset else {
      throw Fault(.badData, "a video lacks an array", file: path, key: place, expected: name)
    }
    do throws(HDF5Dataset.Unusable) {
      return try HDF5Dataset(object, in: recording, name: name, path: "\(place.dropFirst())/\(name)", file: path)
    } catch {
      throw Fault(
        .badData, "an array cannot be read", file: path, key: "\(place)/\(name)", found: error.words,
        expected: "an array of numbers")
    }
  }

  /// Returns the numbers of all entries of a video in the order of the file.
  /// - Throws: `Fault(.badData)` if the library cannot read them, or if they are too many for the memory.
  func features(of video: String) throws(Fault) -> [Float] {
    guard case .numbers(let width) = content, let recording = recordings[video] else { return [] }
    return try data.library.locked { (_) throws(Fault) in
      var numbers: [Float] = []
      for part in recording.parts {
        let array = try Self.array("features", data, part.group, part.group, path)
        guard let type = array.type, array.byteCount <= Self.mostBytes, array.shape[0] == part.count else {
          throw Fault(
            .badData, "a recording is too long", file: path, key: part.group, found: "\(array.shape)",
            expected: "at most \(Self.mostBytes >> 20) MB", remedy: "average its features over longer steps")
        }
        let raw = try ByteRange.hdf5(array).bytes()
        var piece = [Float](repeating: 0, count: part.count * width)
        raw.withUnsafeBytes { raw in piece.withUnsafeMutableBufferPointer { type.convert(raw, to: $0) } }
        numbers += piece
      }
      return numbers
    }
  }
}
