import Polyphony

/// The reader of several computational sequences of CMU-MultimodalSDK, aligned to samples.
enum SequenceSource {
  /// The format's name for messages.
  static let format = "computational sequences"
  /// The column with the video of each sample. Its samples stay in one split unless the user groups by another column.
  static let video = "video_id"

  /// True if a file is one computational sequence.
  static func isOne(_ file: RandomAccessFile) throws(Fault) -> Bool {
    guard try HDF5Source.isOne(file) else { return false }
    let library = try HDF5Library.load(for: file.path)
    return try library.locked { (_) throws(Fault) in
      try ComputationalSequence.name(in: try HDF5Object.file(file.path, library), file.path) != nil
    }
  }

  /// Reads and aligns all files.
  /// - Throws: the faults of reading and aligning, and `Fault(.usage)` for a file that is for one split.
  static func read(
    _ inputs: [InputFile], _ options: ConversionOptions, scratch: ScratchFile
  ) throws(Fault) -> SourceTable {
    var sequences: [ComputationalSequence] = []
    for input in inputs {
      guard let name = input.modality, input.split == nil else {
        throw Fault(
          .usage, "a computational sequence is for all splits", file: input.path, key: "--input", found: input.name,
          expected: "NAME=FILE", remedy: "the program splits the videos: --split 0.7,0.15,0.15")
      }
      sequences.append(try ComputationalSequence(input.path, name: name))
    }
    let alignment = try SequenceAlignment(sequences, options)
    var segments: [[SequenceAlignment.Segment]] = []
    var lengths: [[[Int]]] = []
    var (dropped, skipped) = (0, 0)
    for video in alignment.videos {
      let all = alignment.segments(of: video)
      skipped += (alignment.target.recordings[video]?.intervals.count ?? 0) - all.count
      let steps = alignment.modalities.map { sequence in alignment.steps(of: sequence, all).map(\.count) }
      let kept = all.indices.filter { index in steps.contains { $0[index] > 0 } }
      dropped += all.count - kept.count
      segments.append(kept.map { all[$0] })
      lengths.append(steps.map { counts in kept.map { counts[$0] } })
    }
    let samples = segments.flatMap(\.self)
    guard !samples.isEmpty else {
      throw Fault(
        .badData, "no segment of the target overlaps an entry of another sequence", file: alignment.target.path,
        found: "\(dropped) segments", expected: "times of one clock, in seconds")
    }
    var columns: [(name: String, column: SourceColumn)] = [
      ("id", .texts(samples.map(\.name))), (video, .texts(samples.map(\.video))),
      (alignment.target.name, try targets(alignment.target, segments)),
    ]
    var notes = alignment.notes
    let manner = alignment.keepsEntries ? "of each sequence" : "of \(alignment.pivot.name)"
    notes.append(
      "\(samples.count) segments of \(alignment.target.name) in \(alignment.videos.count) videos are the samples, and the "
        + "entries \(manner) in them are the steps")
    if skipped > 0 { notes.append("\(skipped) segments of no duration are left out") }
    if dropped > 0 { notes.append("\(dropped) segments without any entry are left out") }
    for (index, sequence) in alignment.modalities.enumerated() {
      let counts = lengths.flatMap { $0[index] }
      let length = counts.max() ?? 0
      guard length > 0 else {
        throw Fault(
          .badData, "a sequence never overlaps the segments of the target", file: sequence.path,
          key: "--input \(sequence.name)", expected: "times of the same clock as \(alignment.target.name), in seconds")
      }
      notes.append("\(sequence.name): \(counts.min() ?? 0) to \(length) steps in a sample")
      let array = try array(sequence, alignment, segments, length: length, scratch)
      columns += [(sequence.name, .array(array)), ("\(sequence.name)_lengths", .numbers(counts.map(Double.init)))]
    }
    return SourceTable(
      format: format, file: inputs.map(\.path).joined(separator: ", "), parts: [.init(name: "", columns: columns)],
      notes: notes)
  }

  /// Returns the targets of all segments, `[N, C]`.
  private static func targets(
    _ target: ComputationalSequence, _ segments: [[SequenceAlignment.Segment]]
  ) throws(Fault) -> SourceColumn {
    guard case .numbers(let width) = target.content else { return .other("texts") }
    var values: [Float] = []
    for own in segments {
      guard let video = own.first?.video else { continue }
      let features = try target.features(of: video)
      for segment in own { values += features[segment.place * width..<(segment.place + 1) * width] }
    }
    return try array(values.count / width, [width], .memory(values.withUnsafeBytes { Array($0) }), target.path)
      .map { .array($0) } ?? .other("an array beyond counting")
  }

  /// Writes the steps of a sequence to a scratch file as `[N, length, F]`. Steps without an entry are NaN.
  private static func array(
    _ sequence: ComputationalSequence, _ alignment: SequenceAlignment, _ segments: [[SequenceAlignment.Segment]],
    length: Int, _ scratch: ScratchFile
  ) throws(Fault) -> NumPyArray {
    guard case .numbers(let width) = sequence.content else { throw beyond(sequence.path) }
    let samples = segments.reduce(0) { $0 + $1.count }
    guard let count = NumPyArray.count([samples, length, width, 4]) else { throw beyond(sequence.path) }
    let start = scratch.count
    for own in segments {
      guard let video = own.first?.video else { continue }
      let features = try sequence.features(of: video)
      for steps in alignment.steps(of: sequence, own) {
        var sample: [Float] = []
        for entries in steps { sample += mean(of: entries, features, width) }
        try sample.withUnsafeBytes { raw in Result { () throws(Fault) in try scratch.append(raw) } }.get()
        try scratch.append(repeatElement(0, count: (length * width - sample.count) * 4))
      }
    }
    guard scratch.count - start == count,
      let array = try array(samples, [length, width], try scratch.range(from: start), sequence.path)
    else { throw beyond(sequence.path) }
    return array
  }

  /// Returns the mean of some entries, each with the same weight. It is NaN without an entry.
  static func mean(of entries: [Int], _ features: [Float], _ width: Int) -> [Float] {
    var sum = [Double](repeating: 0, count: width)
    for entry in entries {
      for place in 0..<width { sum[place] += Double(features[entry * width + place]) }
    }
    return sum.map { Float($0 / Double(entries.count)) }
  }

  private static func array(
    _ samples: Int, _ extents: [Int], _ bytes: ByteRange, _ path: String
  ) throws(Fault) -> NumPyArray? {
    guard let type = ElementType("<f4") else { return nil }
    return NumPyArray(type: type, shape: [samples] + extents, isFortran: false, content: .bytes(bytes))
  }

  private static func beyond(_ path: String) -> Fault {
    Fault(.badData, "the aligned sequence is beyond counting", file: path, expected: "a shorter sequence")
  }
}
