import Torch

/// A maker of a synthetic data set.
package protocol SyntheticMaker {
  /// The description, which has no splits yet.
  var description: DatasetDescription { get }
  /// Makes the three splits.
  /// - Throws: `Fault(.usage)` for numbers out of range.
  func make() throws(Fault) -> [DatasetWriter.Split]
}

/// The steps that all makers of synthetic data sets take.
enum SyntheticSplits {
  /// The name of a modality by its index: text, audio, vision, then `modality4` and so on.
  static func name(ofModality index: Int) -> String {
    let first = ["text", "audio", "vision"]
    return index < first.count ? first[index] : "modality\(index + 1)"
  }

  /// Cuts samples into the splits train, valid and test. The identifiers count the samples.
  /// - Parameter shares: the sizes of the splits in relation to each other.
  static func cut(
    _ inputs: [Tensor], lengths: [Tensor]? = nil, target: Tensor,
    shares: (train: Int, valid: Int, test: Int) = (70, 15, 15)
  ) -> [DatasetWriter.Split] {
    let (samples, whole) = (target.size(0), shares.train + shares.valid + shares.test)
    let bounds = [0, samples * shares.train / whole, samples * (shares.train + shares.valid) / whole, samples]
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
