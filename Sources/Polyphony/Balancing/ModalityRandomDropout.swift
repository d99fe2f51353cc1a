import Torch

/// MRD, modality random dropout: joint training in which the fusion loses encodings at random.
///
/// The strong modality is absent from some samples, so the loss of these samples does not vanish, and their gradient
/// reaches the other encoders. `EncodingDropout` has the rule.
///
/// ```swift
/// let recipe = try SettingsTree(yaml: "rate: 0.5", file: "recipe")
/// let (hook, _) = try SettingsReader.read(recipe) { (reader) throws(Fault) in try ModalityRandomDropout(reader) }
/// ```
public final class ModalityRandomDropout: StepHook {
  private let rate: Double

  /// Reads the setting `rate` (0.3), the probability that a sample loses a modality.
  /// - Throws: `Fault(.usage)` for a setting out of range.
  public init(_ reader: SettingsReader) throws(Fault) { rate = try reader.double("rate", default: 0.3, in: 0..<1) }

  /// Always true.
  public var takesParts: Bool { true }

  /// Always true, because the encodings are what the fusion loses.
  public var needsEncodings: Bool { true }

  /// The encodings that are left.
  public func fusionInput(_ encoded: [Tokens], of inputs: Inputs) -> [Tokens] {
    EncodingDropout.applied(to: encoded, of: inputs, rates: encoded.map { _ in rate })
  }
}
