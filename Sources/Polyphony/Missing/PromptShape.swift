import Torch

/// The sizes of a model's prompts, and the place where type prompts are appended.
struct PromptShape {
  /// The modalities' names.
  let names: [String]
  /// Features of each input, D_m.
  let features: [Int]
  /// Steps of each sequence, L_m.
  let lengths: [Int]
  /// Steps of the prompts of each modality: L_m, or at most the grid's in the light form.
  let steps: [Int]
  /// Features per step, d.
  let width: Int
  /// P.
  let promptLength: Int
  /// The place where type prompts are appended.
  let site: PromptSite

  init(_ configuration: ModelConfiguration, site: PromptSite, form: PromptSettings.Form, _ settings: PromptSettings) {
    names = configuration.modalities.map(\.name)
    features = configuration.modalities.map { $0.features ?? 0 }
    lengths = configuration.modalities.map(\.steps)
    steps = form == .light ? lengths.map { min($0, settings.grid) } : lengths
    width = configuration.width
    promptLength = settings.length
    self.site = site
  }

  /// The sizes for maps of one resolution. A map counts as a sequence of one step, whose features are the channels.
  init(_ names: [String], channels: Int) {
    self.names = names
    features = names.map { _ in channels }
    (lengths, steps) = (names.map { _ in 1 }, names.map { _ in 1 })
    (width, promptLength) = (channels, 1)
    site = PromptSite(.maps, width: channels)
  }

  /// The number of modalities.
  var count: Int { names.count }

  /// The other modalities' indices.
  func others(_ target: Int) -> [Int] { (0..<count).filter { $0 != target } }

  /// All sets of modalities that can be present where `target` is missing, as sorted indices.
  func presentSets(without target: Int) -> [[Int]] {
    let others = others(target)
    return (1..<(1 << others.count)).map { code in
      others.enumerated().filter { code >> $0.offset & 1 == 1 }.map(\.element)
    }
  }

  /// The largest number of modalities whose patterns get maps of their own.
  static let largestPublished = 6

  /// The form for these settings and sizes.
  ///
  /// Without a setting it is the published form up to three modalities and the shared one beyond. Where the time maps of
  /// that form would exceed a tenth of the backbone's parameters, it is the light one.
  static func form(_ configuration: ModelConfiguration, _ settings: PromptSettings, backbone parameters: Int)
    -> PromptSettings.Form
  {
    if let form = settings.form { return form }
    let lengths = configuration.modalities.map(\.steps)
    let form: PromptSettings.Form = lengths.count <= 3 ? .published : .shared
    return timeMapParameters(lengths, settings.length, form) * 10 > parameters ? .light : form
  }

  /// Parameters of the time maps over whole sequences.
  ///
  /// Published: Σ_m Σ_S L_m (P + Σ_{k∈S} L_k + 1), where each k ≠ m is in 2^(M−2) of the 2^(M−1) − 1 sets. Shared:
  /// Σ_m L_m (P + 1 + Σ_{k≠m} L_k).
  static func timeMapParameters(_ lengths: [Int], _ promptLength: Int, _ form: PromptSettings.Form) -> Int {
    let total = lengths.reduce(0, +)
    let sets = form == .published ? (1 << (lengths.count - 1)) - 1 : 1
    let occurrences = form == .published && lengths.count > 1 ? 1 << (lengths.count - 2) : 1
    return lengths.reduce(0) { $0 + $1 * (sets * (promptLength + 1) + occurrences * (total - $1)) }
  }
}
