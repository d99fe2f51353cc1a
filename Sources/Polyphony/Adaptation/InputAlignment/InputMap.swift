import Torch

/// An affine map of the standardised inputs, a·x + b for each feature, which an ``InputAlignment`` fits.
///
/// The states of an encoder inside a model have a map like features. Padding, lost steps and missing modalities stay zero.
package final class InputMap: Module, Attachment {
  final class Map: Module {
    /// a, `[S, D]`.
    @Parameter var scale: Tensor
    /// b, `[S, D]`.
    @Parameter var shift: Tensor

    init(steps: Int, features: Int) {
      super.init()
      scale = .ones([steps, features])
      shift = .zeros([steps, features])
    }

    /// a·x + b of `[B, L, D]`, `[B, D]` or `[B, C, H, W]`. A sequence of another length takes the mean map at all steps.
    func callAsFunction(_ x: Tensor) -> Tensor {
      let hasOwnSteps = x.rank == 3 && x.size(1) == scale.size(0)
      let (a, b) = hasOwnSteps ? (scale, shift) : (scale.mean(0, keep: true), shift.mean(0, keep: true))
      let axes = Array(repeating: 1, count: max(0, x.rank - 2))
      let form = x.rank != 3 ? [1, -1] + axes : [1, a.size(0), a.size(1)]
      return x * a.reshaped(to: form) + b.reshaped(to: form)
    }
  }

  @Child("map") private var maps: NamedModules
  /// The modalities with maps.
  let places: [(index: Int, name: String)]

  /// Makes maps that change nothing. A sequence of at most ``SourceMoments/mostSteps`` steps has a map for each step.
  init(_ configuration: ModelConfiguration) {
    let mapped = configuration.modalities.enumerated().filter { $1.statisticsCount > 0 }
    places = mapped.map { ($0, $1.name) }
    super.init()
    var maps = NamedModules()
    for (_, modality) in mapped {
      maps[modality.name] = Map(steps: SourceMoments.ownSteps(modality), features: modality.statisticsCount)
    }
    self.maps = maps
  }

  package var stages: Stages { [] }
  package var handlesMissingModalities: Bool { false }

  func map(_ name: String) -> Map { unsafeDowncast(maps[name]!, to: Map.self) }

  package func prepare(_ inputs: Inputs) -> Inputs {
    var result = inputs
    for (index, name) in places {
      let map = map(name)
      let x = inputs.modalities[index]
      let moved = map(x)
      let valid = inputs.validSteps(index).map { $0.reshaped(to: $0.shape + Array(repeating: 1, count: x.rank - 2)) }
      result.modalities[index] = valid.map { moved.filled(0, where: .!$0) } ?? moved
    }
    return result
  }
}
