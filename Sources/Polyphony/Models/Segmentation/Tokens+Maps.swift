import Torch

extension Tokens {
  /// The maps of an image at all resolutions, the finest first.
  var maps: [Tensor] { details + [map] }

  /// An image from its maps at all resolutions, the finest first.
  init(maps: [Tensor]) { self.init(map: maps[maps.count - 1], details: Array(maps.dropLast())) }
}

extension Tensor {
  /// The mean over the places of a map, from `[B, C, …]` to `[B, C]`. A tensor without places stays as it is.
  var meanOverPlaces: Tensor { rank > 2 ? flattened(2).mean(2) : self }

  /// The mean of the numbers of each sample, from `[B, …]` to `[B]`.
  var meanOfEachSample: Tensor { rank > 1 ? flattened(1).mean(1) : self }

  /// A row of numbers for each sample `[B, …]` with axes of size 1, so that it spreads over the places of a map.
  func overPlaces(of map: Tensor) -> Tensor {
    reshaped(to: shape + Array(repeating: 1, count: map.rank - rank))
  }
}
