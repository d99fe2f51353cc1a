import Torch

/// Prompts for models of images that lack some of their images: MPLMM (arXiv 2407.05374) with channels in place of steps.
///
/// The prompts act between encode and fuse, on the maps of every resolution apart. Each has the three prompts of
/// ``MissingModalityPrompts``, for sequences of one step:
///
/// * A generative prompt makes up the map of a missing image from those present (`MapGenerator`).
/// * A signal prompt has a number for each channel. One is added to real maps, another to made-up maps.
/// * A type prompt has a number for each channel too, T_m Σ_k s_k E_k, with s_k the signal prompt that holds for image k. It
///   is added at every place, because a convolution does not read appended steps.
///
/// The number of parameters grows with M² C P for C channels. It does not depend on the size of the images.
public final class MapPrompts: Module, Attachment {
  /// The prompts at each resolution, the finest first.
  @Child var levels: [MapPromptLevel]
  package let settings: PromptSettings

  init(_ shape: MapShape, _ settings: PromptSettings) {
    self.settings = settings
    super.init()
    levels = shape.channels.map { MapPromptLevel(shape.names, channels: $0, settings) }
  }

  /// The prompts change the encoded maps.
  public var stages: Stages { .encoded }

  /// Samples may lack images.
  public var handlesMissingModalities: Bool { true }

  /// Generative prompts make up missing images.
  public var makesUpMissingModalities: Bool { settings.generative }

  /// Replaces what is missing, and adds signal and type prompts.
  public func encoded(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
    let maps = tokens.map(\.maps)
    let changed = levels.enumerated().map { level, prompts in
      prompts(maps.map { $0[level] }, presence: context.inputs.presence)
    }
    return tokens.indices.map { image in Tokens(maps: changed.map { $0[image] }) }
  }
}

/// The prompts at one resolution.
final class MapPromptLevel: Module {
  @Child("") var generator: MapGenerator
  @Child("signal") var signals: SignalPrompts
  @Child("") var types: TypePrompts
  private let settings: PromptSettings

  init(_ names: [String], channels: Int, _ settings: PromptSettings) {
    self.settings = settings
    super.init()
    let shape = PromptShape(names, channels: channels)
    if settings.generative { generator = MapGenerator(names, channels: channels, length: settings.length) }
    if settings.signal || settings.type { signals = SignalPrompts(shape, areAdded: settings.signal) }
    if settings.type { types = TypePrompts(shape) }
  }

  /// Changes the maps of all images, `[B, C, h, w]` each.
  /// - Parameter presence: `[B, M]` (bool). Nil where nothing is missing.
  func callAsFunction(_ maps: [Tensor], presence: Tensor?) -> [Tensor] {
    let made = presence.flatMap { presence in settings.generative ? generator(maps, presence: presence) : nil }
    let types = settings.type ? types(signals, presence: presence).squeezed(2) : nil
    return maps.enumerated().map { image, map in
      let isPresent = presence?.select(1, image).unsqueezed(1)
      var result = map
      if let made, let isPresent { result = map.selected(where: isPresent.overPlaces(of: map), otherwise: made[image]) }
      if settings.signal { result = result + signal(image, isPresent).overPlaces(of: map) }
      if let types { result = result + types.select(1, image).overPlaces(of: map) }
      return result
    }
  }

  /// The signal prompt that holds for an image, `[B or 1, C]`.
  private func signal(_ image: Int, _ isPresent: Tensor?) -> Tensor {
    let present = signals.spread(signals[image].present, image)
    return isPresent.map {
      present.selected(where: $0, otherwise: signals.spread(signals[image].missing, image))
    } ?? present
  }
}
