import Torch

/// The shared generator, for any number of modalities: x̂_m = GELU(U_m G_m + b_m + Σ_{k∈S} U_{mk} GELU(W_{k→m} x_k)).
///
/// There is one time map for each ordered pair and one for each G_m. The generator equals the published form where the maps
/// of every set S have the same pieces. In the light form the maps go from grid to grid: the generator averages x_k down to
/// the grid, and spreads x̂_m over its length.
final class PairGenerator: Module, SequenceGenerator {
  @Child("") var parts: GenerativeParts
  /// U_m and b_m by `m`: P steps to those of m.
  @Child("start") var starts: NamedModules
  /// U_{mk} by `m.k`.
  @Child("pair") var pairs: NamedModules
  private let shape: PromptShape

  init(_ shape: PromptShape) {
    self.shape = shape
    super.init()
    parts = GenerativeParts(shape)
    var (starts, pairs) = (NamedModules(), NamedModules())
    for (target, name) in shape.names.enumerated() {
      starts[name] = Conv1d(shape.promptLength, shape.steps[target])
      for source in shape.others(target) {
        pairs["\(name).\(shape.names[source])"] = Conv1d(shape.steps[source], shape.steps[target], bias: false)
      }
    }
    (self.starts, self.pairs) = (starts, pairs)
  }

  func callAsFunction(_ target: Int, _ sources: PromptSources) -> [(rows: Tensor, values: Tensor)] {
    guard let rows = sources.rows(missing: target) else { return [] }
    let name = shape.names[target]
    let start = unsafeDowncast(starts[name]!, to: Conv1d.self)
    var sum = parts.start(target, start.weight.squeezed(2), start.bias)
    for source in shape.others(target) {
      let map = unsafeDowncast(pairs["\(name).\(shape.names[source])"]!, to: Conv1d.self).weight.squeezed(2)
      var values = parts.mapped(source, to: target, sources, rows: rows)
      if shape.steps[source] < shape.lengths[source] {
        values = StepGrid.resample(values, to: shape.steps[source], lengths: sources.lengths[source]?.rows(rows))
      }
      sum = sum + map.matmul(values)
    }
    return [(rows, StepGrid.resample(sum.gelu(), to: shape.lengths[target]))]
  }
}
