import Torch

/// Makes up the map of a missing image at one resolution: x̂_m = GELU(U_m G_m + b_m + Σ_{k∈S} U_{mk} GELU(W_{k→m} x_k)).
///
/// This is ``PairGenerator`` with channels in place of steps, since the places of co-registered images correspond. x_k
/// `[B, C, h, w]` is the map of the present image k. W_{k→m} `[P, C]` and U_{mk} `[C, P]` are 1 × 1 convolutions, and G_m
/// has P numbers. So an image has 2 (M − 1) C P weights at a resolution, and not C² for each other image.
final class MapGenerator: Module {
  /// G, `[M, P]`. It starts at zero, and gets a gradient at once because the U_m are random.
  @Parameter("generative_prompt") var prompt: Tensor
  /// W_{k→m} by `k`, for all m ≠ k side by side: C to (M − 1) P channels.
  @Child var features: NamedModules
  /// U_m and b_m by `m`: P to C numbers.
  @Child("start") var starts: NamedModules
  /// U_{mk} by `m`, for all k ≠ m side by side: (M − 1) P to C channels.
  @Child("join") var joins: NamedModules
  private let names: [String]
  private let length: Int

  /// Makes a generator.
  /// - Parameters:
  ///   - names: the images.
  ///   - channels: C.
  ///   - length: P.
  init(_ names: [String], channels: Int, length: Int) {
    (self.names, self.length) = (names, length)
    super.init()
    prompt = .zeros([names.count, length])
    let inner = (names.count - 1) * length
    var (features, starts, joins) = (NamedModules(), NamedModules(), NamedModules())
    for name in names {
      features[name] = Linear(channels, inner)
      starts[name] = Linear(length, channels)
      joins[name] = Linear(inner, channels, bias: false)
    }
    (self.features, self.starts, self.joins) = (features, starts, joins)
  }

  /// A map for every image and sample, as if the image was missing.
  /// - Parameters:
  ///   - maps: the images' maps, `[B, C, h, w]` each.
  ///   - presence: `[B, M]` (bool).
  func callAsFunction(_ maps: [Tensor], presence: Tensor) -> [Tensor] {
    let parts = maps.enumerated().map { source, map in
      let weight = presence.select(1, source).to(map.dtype).overPlaces(of: map)
      let values = Self.linear(features, names[source]).atEachPlace(map).gelu() * weight
      return values.split(Array(repeating: length, count: names.count - 1), 1)
    }
    return names.enumerated().map { target, name in
      let others = names.indices.filter { $0 != target }
      // A source has no part for itself.
      let own = others.map { parts[$0][target < $0 ? target : target - 1] }
      let start = Self.linear(starts, name)(prompt.slice(0, target, target + 1))
      let sum = Self.linear(joins, name).atEachPlace(.concatenated(own, 1))
      return (sum + start.overPlaces(of: sum)).gelu()
    }
  }

  private static func linear(_ modules: NamedModules, _ name: String) -> Linear {
    // The initialiser has added every name, with this type.
    unsafeDowncast(modules[name]!, to: Linear.self)
  }
}
