import Polyphony

/// The alignment of computational sequences: samples are the entries of the target, and their steps those of a pivot.
///
/// CMU-MultimodalSDK does this in two calls: `align(PIVOT, collapse_functions=[mean])`, then `align(TARGET)`. A step of a
/// further sequence is the mean of its entries that overlap the step of the pivot, each with the same weight. If the pivot
/// is the target, every sequence keeps its own entries as steps. The SDK assigns a mean to a segment by the time of
/// the averaged entries. Here the time of the pivot decides, so that step 3 of all sequences is the same word.
struct SequenceAlignment {
  /// A sample: an entry of the target.
  struct Segment {
    let video: String
    /// The number of the entry in the target's file, from 0.
    let place: Int
    let interval: TimedEntries.Interval

    /// The sample's name in the SDK's form, such as `VIDEO[3]`.
    var name: String { "\(video)[\(place)]" }
  }

  let target: ComputationalSequence
  let pivot: ComputationalSequence
  /// The sequences that become modalities.
  let modalities: [ComputationalSequence]
  /// The videos that every sequence has, in ascending order.
  let videos: [String]
  /// Sentences about what was decided and left out.
  let notes: [String]

  /// Chooses target and pivot.
  /// - Throws: `Fault(.usage)` for an unknown or absent target or pivot, and for texts that would be features.
  init(_ sequences: [ComputationalSequence], _ options: ConversionOptions) throws(Fault) {
    let names = sequences.map(\.name)
    func find(_ name: String, _ option: String) throws(Fault) -> ComputationalSequence {
      guard let found = sequences.first(where: { $0.name == name }) else {
        throw Fault(
          .usage, "there is no such sequence", key: option, found: name, expected: names.joined(separator: ", "),
          remedy: Suggestion.question(for: name, among: names))
      }
      return found
    }
    let wanted = options.target.map { names.contains($0) ? $0 : String($0.prefix { $0 != ":" }) }
    guard let key = wanted ?? options.targetNames.first(where: names.contains) else {
      throw Fault(
        .usage, "no sequence says what to predict", key: "--target", expected: names.joined(separator: ", "),
        remedy: "name the sequence with the targets, whose entries become the samples: --target NAME")
    }
    target = try find(key, "--target")
    guard case .numbers = target.content else {
      throw Fault(
        .badData, "the targets are texts", file: target.path, key: "--target \(key)", expected: "numbers",
        remedy: "name the sequence with the labels")
    }
    let others = sequences.filter { $0.name != key }
    let texts = others.filter { $0.content == .text }
    let chosen = try options.align.map { (name) throws(Fault) in try find(name, "--align") }
    let pivot = chosen ?? (texts.count == 1 ? texts[0] : target)
    self.pivot = pivot
    modalities = others.filter { $0.content != .text }
    let unused = texts.first { $0.name != pivot.name } ?? (modalities.isEmpty ? texts.first : nil)
    if let unused {
      throw Fault(
        .badData, "a sequence holds texts, and a model needs numbers", file: unused.path,
        key: "--input \(unused.name)", found: "a text in each entry", expected: "numbers in each entry",
        remedy: modalities.isEmpty
          ? "give features beside them, such as glove=VECTORS.csd or audio=FEATURES.csd; an encoder must turn raw text "
            + "into vectors first"
          : "use them as the steps of the other sequences: --align \(unused.name)")
    }
    guard !modalities.isEmpty else {
      throw Fault(
        .badData, "no sequence can be a modality", file: target.path, found: names.joined(separator: ", "),
        expected: "a sequence of features beside \(key)")
    }
    (videos, notes) = try Self.shared(sequences, target)
  }

  /// Returns the videos that every sequence has, with a sentence about the others.
  private static func shared(
    _ sequences: [ComputationalSequence], _ target: ComputationalSequence
  ) throws(Fault) -> (videos: [String], notes: [String]) {
    let all = sequences.map { Set($0.recordings.keys) }
    let shared = all.dropFirst().reduce(all[0]) { $0.intersection($1) }
    let left = all.reduce(into: Set<String>()) { $0.formUnion($1) }.subtracting(shared).sorted()
    guard !shared.isEmpty else {
      throw Fault(
        .badData, "no video is in all sequences", file: target.path, found: "\(left.count) different videos",
        expected: "the same names in every file")
    }
    let note = "\(left.count) videos are not in all sequences, and left out: \(left.listed)"
    return (shared.sorted(), left.isEmpty ? [] : [note])
  }

  /// True if every sequence keeps its own entries as steps.
  var keepsEntries: Bool { pivot.name == target.name }

  /// The samples of a video in the order of the target's file. Entries of no duration are left out.
  func segments(of video: String) -> [Segment] {
    let intervals = target.recordings[video]?.intervals ?? []
    return intervals.enumerated().filter { !$1.isEmpty }.map { Segment(video: video, place: $0, interval: $1) }
  }

  /// Returns the steps of a sequence in each segment of a video. A step is the list of its entries in the file, which may
  /// be empty.
  func steps(of sequence: ComputationalSequence, _ segments: [Segment]) -> [[[Int]]] {
    guard let video = segments.first?.video else { return [] }
    func entries(_ sequence: ComputationalSequence) -> TimedEntries {
      TimedEntries(sequence.recordings[video]?.intervals ?? [])
    }
    let own = entries(sequence)
    guard !keepsEntries, sequence.name != pivot.name else {
      return segments.map { segment in
        own.overlapping(segment.interval).filter { keepsEntries || !own.intervals[$0].isEmpty }.map { [own.places[$0]] }
      }
    }
    let pivots = entries(pivot)
    return segments.map { segment in
      pivots.overlapping(segment.interval).filter { !pivots.intervals[$0].isEmpty }.map { step in
        own.overlapping(pivots.intervals[step]).map { own.places[$0] }
      }
    }
  }
}
