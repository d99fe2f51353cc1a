import Torch

/// No adaptation: what the source model says of the target. Settings are read and mean nothing.
public final class SourceModel: AdaptationMethod {
  /// The method's name.
  public let name = "source"
  /// What all methods have in common.
  public let settings: AdaptationSettings
  /// None.
  public let tensors = AdaptedTensors(.none)

  /// Reads the settings.
  public init(_ reader: SettingsReader) throws(Fault) { settings = try AdaptationSettings(reader) }

  /// None: there is nothing to be learned.
  public var epochs: Int { 0 }

  /// Nothing.
  public func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) -> AdaptationStep { AdaptationStep() }
}
