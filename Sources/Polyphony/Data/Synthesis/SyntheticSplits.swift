import Torch

/// What the makers of synthetic data sets share.
enum SyntheticSplits {
  /// The name of a modality by its index: text, audio, vision, then `modality4` and so on.
  static func name(ofModality index: Int) -> String {
    let first = ["text", "audio", "vision"]
    return index < first.count ? first[index] : "modality\(index + 1)"
  }

  /// Cuts samples into splits: 70 % train, 15 % valid, 15 % test. The identifiers count the samples.
  static func cut(_ inputs: [Tensor], lengths: [Tensor]? = nil, target: Tensor) -> [DatasetWriter.Split] {
    let samples = target.size(0)
    let bounds = [0, samples * 70 / 100, samples * 85 / 100, samples]
    return ["train", "valid", "test"].enumerated().map { part, name in
      let rows = bounds[part]..<bounds[part + 1]
      let own = inputs.map { $0[rows].contiguous() }
      return DatasetWriter.Split(
        name, lengths.map { Inputs(own, lengths: $0.map { $0[rows].contiguous() }) } ?? Inputs(own),
        target: target[rows].contiguous(), ids: Array(rows))
    }
  }

  /// Refuses a number of a maker.
  /// - Throws: `Fault(.usage)` if the condition is false.
  static func need(_ condition: Bool, _ key: String, _ found: Any, _ expected: String) throws(Fault) {
    if condition { return }
    throw Fault(.usage, "this makes no data set", key: "--\(key)", found: "\(found)", expected: expected)
  }
}
