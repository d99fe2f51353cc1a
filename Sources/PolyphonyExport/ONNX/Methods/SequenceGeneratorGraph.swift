import Polyphony
import Torch

/// Makes up a missing sequence from the present ones, x̂_m = GELU(time([G_m ; GELU(W_{k→m} x_k) for each present k])).
///
/// The published form has a time map for each missing modality and each set of present ones. The graph computes all of
/// them for every sample and takes the one of the sample's pattern. The other forms have a map for each ordered pair.
struct SequenceGeneratorGraph {
  let parameters: GraphParameters
  let modalities: [Modality]

  /// A sequence for every sample, as if modality `target` was missing, `[B, L, d]`.
  func sequence(_ target: Int, _ inputs: GraphInputs) -> GraphTensor? {
    guard inputs.presence != nil else { return nil }
    let sources = modalities.indices.filter { $0 != target }.map { ($0, mapped($0, to: target, inputs)) }
    let name = modalities[target].name
    return parameters.has("start.\(name).weight")
      ? pairs(name, target, sources, inputs) : patterns(name, sources, inputs)
  }

  private func patterns(
    _ target: String, _ sources: [(index: Int, values: GraphTensor)], _ inputs: GraphInputs
  ) -> GraphTensor? {
    guard let code = inputs.patternCode else { return nil }
    let prompt = parameters.shape("generative_prompt")[2]
    let sets = (1..<(1 << sources.count)).map { set in
      sources.enumerated().filter { set >> $0.offset & 1 == 1 }.map(\.element)
    }
    let made = sets.map { present in
      let names = present.map { modalities[$0.index].name }.joined(separator: "+")
      let map = parameters.at("time.\(target).\(names)")
      let weight = map["weight"].squeezed(2)
      var total = start(target, weight.slice(1, 0, prompt), map["bias"])
      var place = prompt
      for source in present {
        let steps = modalities[source.index].steps
        total = total + weight.slice(1, place, place + steps).matmul(source.values)
        place += steps
      }
      return total.gelu()
    }
    return zip(sets, made).dropFirst().reduce(made[0]) { result, next in
      let own = next.0.reduce(0) { $0 + 1 << $1.index }
      return next.1.selected(where: (code .== code.builder.constant(own)).unsqueezed(1, 2), otherwise: result)
    }
  }

  private func pairs(
    _ name: String, _ target: Int, _ sources: [(index: Int, values: GraphTensor)], _ inputs: GraphInputs
  ) -> GraphTensor {
    let first = parameters.at("start.\(name)")
    var total = start(name, first["weight"].squeezed(2), first["bias"])
    for (source, values) in sources {
      let key = "pair.\(name).\(modalities[source].name).weight"
      let (steps, length) = (parameters.shape(key)[1], modalities[source].steps)
      let cells =
        steps < length
        ? StepGridGraph.resample(values, from: length, to: steps, lengths: inputs.lengths[source]) : values
      total = total + parameters[key].squeezed(2).matmul(cells)
    }
    let steps = parameters.shape("start.\(name).weight")[0]
    return StepGridGraph.resample(total.gelu(), from: steps, to: modalities[target].steps)
  }

  /// GELU(W x) of a present modality, zero at padding and where it is missing, `[B, L, d]`.
  private func mapped(_ source: Int, to target: Int, _ inputs: GraphInputs) -> GraphTensor {
    let map = parameters.at("features.\(modalities[source].name).\(modalities[target].name)")
    let isSequence = inputs.lengths[source] != nil
    let values = map.pointwise(isSequence ? inputs.values[source] : inputs.values[source].unsqueezed(1)).gelu()
    guard let present = inputs.isPresent(source)?.unsqueezed(1) else { return values }
    return values * (inputs.mask(source).map { $0 .& present } ?? present).floats.unsqueezed(2)
  }

  /// A map over time of G_m, `[steps, d]`.
  private func start(_ target: String, _ weight: GraphTensor, _ bias: GraphTensor) -> GraphTensor {
    let index = modalities.firstIndex { $0.name == target } ?? 0
    return parameters["generative_prompt"].select(0, index).linear(weight, bias).permuted(1, 0)
  }
}

/// Sequences on another number of cells, each of which is the average of its share of the real steps.
enum StepGridGraph {
  /// A sequence `[…, from, d]` on `to` cells.
  /// - Parameter lengths: the real steps of each sample, `[B]`; nil where all are real.
  static func resample(_ x: GraphTensor, from: Int, to: Int, lengths: GraphTensor? = nil) -> GraphTensor {
    if from == to, lengths == nil { return x }
    let builder = x.builder
    func numbers(_ range: Range<Int>, _ shape: [Int]) -> GraphTensor {
      builder.constant(Tensor(range.map(Float.init), shape: shape))
    }
    let real =
      lengths.map { $0.clamped(builder.constant(1)).floats.unsqueezed(1, 2) } ?? builder.constant(Float(from))
    let share = real / Float(to)
    let end = GraphTensor.minimum(numbers(1..<(to + 1), [to, 1]) * share, numbers(1..<(from + 1), [1, from]))
    let start = GraphTensor.maximum(numbers(0..<to, [to, 1]) * share, numbers(0..<from, [1, from]))
    return ((end - start).clamped(builder.constant(Float(0))) / share).matmul(x)
  }
}
