import Torch

/// How prompts for missing modalities are built: the settings of the tuning method `prompts`.
public struct PromptSettings: Equatable, Sendable {
  /// How the steps of present modalities become those of a missing one.
  public enum Form: String, Sendable, CaseIterable {
    /// One time map for each missing modality and each set of present ones, as published: M·(2^(M−1) − 1) maps.
    case published
    /// One time map for each ordered pair and one for each generative prompt, summed over what is present: M² maps.
    case shared
    /// The shared form between short grids: sequences are averaged down to `grid` steps, what is made up is spread
    /// over the missing modality's length, and signal and type prompts live on the grid.
    case light
  }

  /// The form; nil chooses one for the model (`PromptShape/form(_:_:)`).
  public var form: Form?
  /// P: steps of a generative and of a type prompt.
  public var length = 16
  /// Steps of the grid of the light form.
  public var grid = 16
  /// Whether missing modalities are made up from present ones; without, they stay zero.
  public var generative = true
  /// Whether the missing-signal prompts are added to the modalities.
  public var signal = true
  /// Whether the missing-type prompts are appended.
  public var type = true

  /// The published settings, the form chosen for the model.
  public init() {}

  /// Reads `form`, `length`, `grid`, and `generative`, `signal`, `type` to leave a kind of prompt out.
  public init(_ reader: SettingsReader) throws(Fault) {
    let word = try reader.choice("form", of: ["auto"] + Form.allCases.map(\.rawValue), default: "auto")
    form = Form(rawValue: word)
    length = try reader.int("length", default: 16, in: 1...1024)
    grid = try reader.int("grid", default: 16, in: 1...1024)
    generative = try reader.bool("generative", default: true)
    signal = try reader.bool("signal", default: true)
    type = try reader.bool("type", default: true)
    guard generative || signal || type else {
      throw reader.fault(
        "no kind of prompt is left", key: "generative", expected: "true for generative, signal or type",
        remedy: "use the method zero_fill for a model without prompts")
    }
  }
}
