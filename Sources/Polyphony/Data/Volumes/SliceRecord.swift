/// The way from a volume to the pictures of a modality, which a model's `config.json` carries on.
///
/// So a prediction does with a volume what the conversion of the training data did.
public struct SliceRecord: Codable, Equatable, Sendable {
  /// The rule that brings intensities to one scale.
  public enum Intensity: String, Codable, Sendable {
    /// (x − μ) / σ with mean and deviation over the voxels of the volume that are not 0, which stay 0.
    case brain = "zscore_nonzero"
  }

  /// The name of the contrast in the names of files, such as `t2f`.
  public var contrast: String
  /// The rule that brings intensities to one scale.
  public var intensity: Intensity
  /// The distances of neighbouring slices, rows and columns in millimetres, the median over the volumes.
  public var spacing: [Double]

  /// Makes a record.
  public init(contrast: String, intensity: Intensity = .brain, spacing: [Double]) {
    (self.contrast, self.intensity, self.spacing) = (contrast, intensity, spacing)
  }
}
