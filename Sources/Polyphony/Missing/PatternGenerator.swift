import Torch

/// The published generator: a time map for each missing modality and each set of present ones.
///
/// Samples with the same present modalities are computed at once.
final class PatternGenerator: Module, SequenceGenerator {
  @Child("") var parts: GenerativeParts
  /// Maps over time by `m.k+k′`: P + Σ L_k steps to L_m, in the order of the modalities.
  @Child("time") var maps: NamedModules
  private let shape: PromptShape

  init(_ shape: PromptShape) {
    self.shape = shape
    super.init()
    parts = GenerativeParts(shape)
    var maps = NamedModules()
    for target in 0..<shape.count {
      for present in shape.presentSets(without: target) {
        let steps = present.reduce(shape.promptLength) { $0 + shape.steps[$1] }
        maps[Self.key(target, present, shape.names)] = Conv1d(steps, shape.steps[target])
      }
    }
    self.maps = maps
  }

  func callAsFunction(_ target: Int, _ sources: PromptSources) -> [(rows: Tensor, values: Tensor)] {
    sources.groups.compactMap { present, rows in
      guard !present.contains(target), let module = maps[Self.key(target, present, shape.names)] else { return nil }
      let map = unsafeDowncast(module, to: Conv1d.self)
      // W·[G; x; x′] = W_G·G + W_k·x + W_k′·x′, and W_G·G is the same for all samples.
      let pieces = map.weight.squeezed(2).split([shape.promptLength] + present.map { shape.steps[$0] }, 1)
      let sum = zip(present, pieces.dropFirst()).reduce(parts.start(target, pieces[0], map.bias)) { sum, part in
        sum + part.1.matmul(parts.mapped(part.0, to: target, sources, rows: rows))
      }
      return (rows, sum.gelu())
    }
  }

  static func key(_ target: Int, _ present: [Int], _ names: [String]) -> String {
    "\(names[target]).\(present.map { names[$0] }.joined(separator: "+"))"
  }
}
