/// The metrics of segmentation: Dice of named regions, which are unions of classes, and of each class.
///
/// Dice of a region R over one sample is 2·|P ∩ T| / (|P| + |T|). P are the pixels with a predicted class in R, and T
/// those with a true class in R. The result is the mean over the samples in which R occurs on at least one side.
public enum SegmentationMetrics {
  /// A named union of classes.
  public struct Region: Equatable, Sendable {
    /// The region's name.
    public var name: String
    /// Its classes.
    public var classes: Set<Int>

    /// Makes a region.
    public init(_ name: String, _ classes: Set<Int>) {
      self.name = name
      self.classes = classes
    }

    /// The regions of the BraTS challenge over its classes 0 to 3: enhancing tumour, tumour core, whole tumour.
    public static let braTS = [Region("ET", [3]), Region("TC", [1, 3]), Region("WT", [1, 2, 3])]

    /// A region for each class but the background.
    static func classes(_ count: Int) -> [Region] { (1..<max(count, 1)).map { Region(String($0), [$0]) } }
  }

  /// Computes `dice` (the mean over the regions), `dice_REGION` for each region and `dice_CLASS` for each class but 0.
  ///
  /// - Parameters:
  ///   - samples: the counts of each sample's pixels.
  ///   - classes: the number of classes; class 0 is the background.
  ///   - regions: the regions; without any, `dice` is the mean over the foreground classes.
  ///   - smoothing: ε of 2·(|P ∩ T| + ε) / (|P| + |T| + 2ε), for comparison with published figures that use it.
  public static func values(
    samples: [ConfusionMatrix], classes: Int, regions: [Region] = [], smoothing: Double = 0
  ) -> MetricValues {
    let single = Region.classes(classes)
    let dice = { (region: Region) in
      mean(samples.map { Self.dice($0, of: region, smoothing: smoothing) })
    }
    var values = MetricValues()
    values["dice"] = mean((regions.isEmpty ? single : regions).map(dice))
    for region in regions + single { values["dice_\(region.name)"] = dice(region) }
    return values
  }

  /// Dice of one region over one sample; nil if the region occurs on neither side.
  public static func dice(_ confusion: ConfusionMatrix, of region: Region, smoothing: Double = 0) -> Double? {
    let inside = region.classes.filter { (0..<confusion.classes).contains($0) }
    let (truth, predicted) = inside.reduce((0, 0)) { ($0.0 + confusion.support($1), $0.1 + confusion.predicted($1)) }
    guard truth + predicted > 0 else { return nil }
    let both = inside.reduce(0) { sum, row in inside.reduce(sum) { $0 + confusion[row, $1] } }
    return 2 * (Double(both) + smoothing) / (Double(truth + predicted) + 2 * smoothing)
  }

  /// The mean of the defined values; nil for none.
  private static func mean(_ values: [Double?]) -> Double? {
    let defined = values.compactMap(\.self)
    return defined.isEmpty ? nil : Regression.mean(defined)
  }
}
