import Torch

/// The mapped file behind the samples of a split: what is known about it, and the pages that it has in memory.
///
/// Samples that were changed in memory have none.
final class SplitSource: @unchecked Sendable {
  // Unchecked because of the stamp: one thread reads and checks a split, and further ones read rows only.
  /// The bytes of rows that may be read before their pages are given back.
  private static let mostRead = 256 << 20

  /// The facts about the file.
  let stamp: SplitStamp
  private let file: SafetensorsFile
  /// The tensors of the modalities in the file, in the order of the split; nil for one that was changed in memory.
  private let names: [String?]
  /// The place of each modality in the file's `presence`.
  private let columns: [Int]
  private let bytesPerRow: Int
  private let isLarge: Bool
  private let read = Locked(0)

  init(_ file: SafetensorsFile, _ stamp: SplitStamp, names: [String?], columns: [Int]) {
    (self.file, self.stamp, self.names, self.columns) = (file, stamp, names, columns)
    bytesPerRow = names.reduce(0) { sum, name in
      let entry = name.flatMap { file[$0] }
      return sum + (entry.map { $0.range.count / max(1, $0.shape.first ?? 1) } ?? 0)
    }
    isLarge = file.signature.size >= SplitStamp.rule.size
  }

  /// A fact about the tensor of a modality. It is computed for a tensor that is not the file's, or not known.
  func fact<Value>(
    _ modality: Int, _ key: WritableKeyPath<TensorFacts, Value?>, _ compute: () -> Value
  ) -> Value {
    guard let name = names[modality] else { return compute() }
    return stamp.fact(name, key, compute)
  }

  /// The statistics of a modality, which depend on its place in `presence` too.
  func statistics(_ modality: Int, _ compute: () -> FeatureStatistics) -> FeatureStatistics {
    guard let name = names[modality] else { return compute() }
    let known = stamp.known(name, \.statistics) ?? [:]
    if let bits = known[columns[modality]] { return FeatureStatistics(bits) }
    let statistics = compute()
    stamp.remember(name, \.statistics, known.merging([columns[modality]: statistics.bits]) { $1 })
    return statistics
  }

  /// Counts samples that were read, and gives pages back from time to time.
  func didRead(_ samples: Int) {
    guard isLarge else { return }
    let isMuch = read.update { read in
      read += samples * bytesPerRow
      guard read >= Self.mostRead else { return false }
      read = 0
      return true
    }
    if isMuch { for name in names.compactMap(\.self) { file.forget(name) } }
  }

  /// Gives the pages of some samples of a modality back.
  func forget(_ modality: Int, _ rows: Range<Int>) {
    if isLarge, let name = names[modality] { file.forget(name, rows: rows) }
  }
}

extension FeatureStatistics {
  fileprivate init(_ bits: TensorFacts.Bits) {
    self.init(
      mean: bits.mean.map { Float(bitPattern: $0) }, deviation: bits.deviation.map { Float(bitPattern: $0) })
  }

  fileprivate var bits: TensorFacts.Bits {
    TensorFacts.Bits(mean: mean.map(\.bitPattern), deviation: deviation.map(\.bitPattern))
  }
}
