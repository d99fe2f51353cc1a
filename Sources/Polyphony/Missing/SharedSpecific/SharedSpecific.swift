import Torch

/// Shared and specific maps of images, after ShaSpec (Wang et al. CVPR 2023, arXiv 2307.14126).
///
/// At each resolution the map h_m of a present image m has a shared part r_m = R h_m and a specific part s_m = S_m h_m. All
/// images have the same R. The decoder reads r_m + P [r_m ; s_m] in place of h_m. In place of a missing image it reads the
/// mean of the shared parts of those present. R, S_m and P are 1 × 1 convolutions. R starts as the identity and P at zero, so
/// that the output for complete samples is the base's at the start.
///
/// The paper has one encoder for all images beside those of each image, and fuses at the coarsest resolution alone. Here R
/// is what all images share. (The released code takes the shared part of the first present image, not the mean.)
public final class SharedSpecific: Module, Attachment {
  /// The parts of the maps in a pass, as the losses read them.
  struct Parts {
    /// r, `[B, C, h, w]` by resolution and image.
    var shared: [[Tensor]] = []
    /// s at the coarsest resolution, `[B, C, h, w]` by image.
    var specific: [Tensor] = []
    /// True where a sample has an image, `[B, M]`. Nil where all are there.
    var presence: Tensor?
  }

  /// The projections at each resolution, the finest first.
  @Child var levels: [SharedSpecificLevel]
  /// Tells the image from the mean over places of its specific part, for the loss alone.
  @Child var classifier: Linear
  private var parts: Parts?

  init(_ shape: MapShape) {
    super.init()
    levels = shape.channels.map { SharedSpecificLevel(shape.names, channels: $0) }
    classifier = Linear(shape.channels.last ?? 0, shape.names.count)
  }

  /// The method changes the encoded maps.
  public var stages: Stages { .encoded }

  /// Samples may lack images.
  public var handlesMissingModalities: Bool { true }

  /// The mean of shared parts stands for a missing image.
  public var makesUpMissingModalities: Bool { true }

  /// Replaces every map by its fused parts, or by the mean of the others' shared parts.
  public func encoded(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
    let maps = tokens.map(\.maps)
    var parts = Parts(presence: context.inputs.presence)
    let changed = levels.enumerated().map { level, projections in
      let (shared, specific) = projections.parts(of: maps.map { $0[level] })
      parts.shared.append(shared)
      parts.specific = specific
      return projections.fused(shared, specific, presence: parts.presence)
    }
    // Several threads may predict with one model, so a prediction leaves nothing behind.
    if isTraining { self.parts = parts }
    return tokens.indices.map { image in Tokens(maps: changed.map { $0[image] }) }
  }

  /// The parts of the last pass in training, which are given once so that no graph outlives its step.
  func takeParts() -> Parts? { parts.take() }
}

/// The projections at one resolution.
final class SharedSpecificLevel: Module {
  /// R.
  @Child var shared: Linear
  /// S_m by `m`.
  @Child var specific: NamedModules
  /// P.
  @Child var fusion: Linear
  private let names: [String]

  init(_ names: [String], channels: Int) {
    self.names = names
    super.init()
    shared = Linear(channels, channels)
    shared.weight = Tensor.range(channels).oneHot(channels).to(.float32)
    shared.bias = .zeros([channels])
    var specific = NamedModules()
    for name in names { specific[name] = Linear(channels, channels) }
    self.specific = specific
    fusion = Linear(2 * channels, channels)
    fusion.weight = .zeros([channels, 2 * channels])
    fusion.bias = .zeros([channels])
  }

  /// r and s of every image.
  func parts(of maps: [Tensor]) -> (shared: [Tensor], specific: [Tensor]) {
    let specific = zip(names, maps).map { name, map in
      unsafeDowncast(self.specific[name]!, to: Linear.self).atEachPlace(map)
    }
    return (maps.map { shared.atEachPlace($0) }, specific)
  }

  /// The maps that the decoder reads.
  func fused(_ shared: [Tensor], _ specific: [Tensor], presence: Tensor?) -> [Tensor] {
    let fused = zip(shared, specific).map { $0 + fusion.atEachPlace(.concatenated([$0, $1], 1)) }
    guard let presence else { return fused }
    let flags = presence.to(shared[0].dtype)
    let weights = flags / flags.sum(1, keep: true).clamped(1, nil)
    let mean = shared.enumerated().dropFirst().reduce(weighted(shared[0], weights, 0)) { sum, part in
      sum + weighted(part.element, weights, part.offset)
    }
    return fused.enumerated().map { image, map in
      map.selected(where: presence.select(1, image).overPlaces(of: map), otherwise: mean)
    }
  }

  private func weighted(_ map: Tensor, _ weights: Tensor, _ image: Int) -> Tensor {
    map * weights.select(1, image).overPlaces(of: map)
  }
}
