import Torch

/// The settings of the tuning method `prompts`.
///
/// ```swift
/// var settings = PromptSettings()
/// (settings.form, settings.length) = (.shared, 8)
/// ```
public struct PromptSettings: Equatable, Sendable {
  /// The maps from the steps of present modalities to those of a missing one.
  public enum Form: String, Sendable, CaseIterable {
    /// One time map for each missing modality and each set of present ones, as published: M·(2^(M−1) − 1) maps.
    case published
    /// One time map for each ordered pair and one for each generative prompt, M² maps; the results are summed over the
    /// present modalities.
    case shared
    /// The shared form on short grids. Sequences are averaged down to `grid` steps, and a made-up sequence is spread over
    /// the missing modality's length. Signal and type prompts have a value for each step of the grid.
    case light
  }

  /// The form; nil for the form that suits the model's sizes.
  public var form: Form?
  /// P: steps of a generative and of a type prompt. For images, the channels through which a map is made up.
  public var length = 16
  /// Steps of the grid of the light form.
  public var grid = 16
  /// True if generative prompts make up missing modalities from present ones; otherwise these stay zero.
  public var generative = true
  /// True if the missing-signal prompts are added to the modalities.
  public var signal = true
  /// True if the missing-type prompts are appended. A recipe without the key has them for `mult`, whose memory encoders
  /// read them out, and for images. Elsewhere they lengthen every encoder's sequence, which costs more than they tell.
  public var type = true

  /// The published settings, the form chosen for the model.
  public init() {}

  /// Reads `form`, `length`, `grid`, and for each kind of prompt whether it is used: `generative`, `signal`, `type`.
  public init(_ reader: SettingsReader, _ configuration: ModelConfiguration) throws(Fault) {
    let isOfMaps = configuration.task.kind == .segmentation
    // The other forms are about maps over time, which images lack.
    let forms = isOfMaps ? [Form.shared] : Form.allCases
    let word = try reader.choice("form", of: ["auto"] + forms.map(\.rawValue), default: "auto")
    form = Form(rawValue: word)
    length = try reader.int("length", default: isOfMaps ? 8 : 16, in: 1...1024)
    grid = try reader.int("grid", default: 16, in: 1...1024)
    generative = try reader.bool("generative", default: true)
    signal = try reader.bool("signal", default: true)
    let readsTypes = isOfMaps || ["mult", "prompted_mult"].contains(configuration.architecture)
    type = try reader.bool("type", default: readsTypes)
    guard generative || signal || type else {
      throw reader.fault(
        "no kind of prompt is left", key: "generative", expected: "true for generative, signal or type",
        remedy: "use the method zero_fill for a model without prompts")
    }
  }
}
