import Torch

/// The source model without adaptation. Its settings have no effect.
public final class SourceModel: AdaptationMethod {
  /// The method's name.
  public let name = "source"
  /// True: the method learns from no batch.
  public let takesParts = true
  /// The settings that all methods have.
  public let settings: AdaptationSettings
  /// The method adapts no tensors.
  public let tensors = AdaptedTensors(.none)

  /// Reads the settings.
  /// - Throws: `Fault(.usage)` for an unknown value or a number out of range.
  public init(_ reader: SettingsReader) throws(Fault) { settings = try AdaptationSettings(reader) }

  /// The method runs no epochs, because it learns nothing.
  public var epochs: Int { 0 }

  /// The step does nothing.
  public func adapt(_ batch: AdaptationBatch, _ session: AdaptationSession) -> AdaptationStep { AdaptationStep() }
}
