import Torch

/// The metrics of a segmentation by volume, such as by patient, each averaged over the volumes for which it is defined.
///
/// For a region with the predicted voxels P and the true voxels T of one volume:
///
/// * `dice_volume`: 2·|P ∩ T| / (|P| + |T|); undefined if both are empty.
/// * `lesion_f1`: F1 of lesions, which are connected components of 26 neighbours. A true lesion is found if one of its
///   voxels is in P, and a predicted lesion is right if one of its voxels is in T. F1 is 2·p·r / (p + r) of the share p of
///   right lesions and the share r of found lesions, as in the WMH segmentation challenge (Kuijf et al., IEEE TMI 2019). It
///   is 0 if only one side has lesions, and undefined if neither has.
/// * `hd95`: the 95 % Hausdorff distance of the surfaces, in millimetres where the data know the spacing, else in pixels;
///   undefined if P or T is empty.
/// * `volume_difference`: the absolute difference of volumes ||P| − |T|| / |T|; undefined if T is empty.
///
/// Slices that say no volume are one volume in their order, and each whole volume is one. Regions are those of
/// ``SegmentationMetrics``.
///
/// ```swift
/// let truth = VoxelMask([false, true, true, false], shape: [1, 2, 2])
/// let found = VoxelMask([false, true, false, false], shape: [1, 2, 2])
/// let values = VolumeMetrics.values(prediction: found, truth: truth, spacing: [3, 1, 1])
/// print(values["dice_volume"] ?? .nan, values["volume_difference"] ?? .nan)  // 0.666… 0.5
/// ```
public enum VolumeMetrics {
  /// The names of the metrics in display order.
  public static let names = ["dice_volume", "lesion_f1", "hd95", "volume_difference"]

  /// Computes the metrics of one region of one volume.
  /// - Parameters:
  ///   - prediction: the predicted voxels.
  ///   - truth: the true voxels, of the same shape.
  ///   - spacing: the distances of neighbouring slices, rows and columns.
  public static func values(prediction: VoxelMask, truth: VoxelMask, spacing: [Double]) -> MetricValues {
    precondition(prediction.shape == truth.shape, "\(prediction.shape) and \(truth.shape)")
    let (predicted, known) = (prediction.count, truth.count)
    let both = zip(prediction.voxels, truth.voxels).count { $0 && $1 }
    var values = MetricValues()
    values["dice_volume"] = predicted + known == 0 ? nil : 2 * Double(both) / Double(predicted + known)
    values["lesion_f1"] = lesionF1(prediction, truth)
    values["hd95"] = SurfaceDistance.hausdorff95(prediction, truth, spacing: spacing)
    values["volume_difference"] = known == 0 ? nil : Double(abs(predicted - known)) / Double(known)
    return values
  }

  private static func lesionF1(_ prediction: VoxelMask, _ truth: VoxelMask) -> Double? {
    let (found, lesions) = (ConnectedComponents(prediction), ConnectedComponents(truth))
    guard found.count + lesions.count > 0 else { return nil }
    guard found.count > 0, lesions.count > 0 else { return 0 }
    let precision = Double(found.touching(truth)) / Double(found.count)
    let recall = Double(lesions.touching(prediction)) / Double(lesions.count)
    return precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall)
  }

  /// Computes the metrics of maps of classes `[N, H, W]` or `[N, D, H, W]`: the mean over the regions, and for several
  /// named regions each.
  static func values(
    prediction: Tensor, target: Tensor, volumes: VolumeSlices, regions: [SegmentationMetrics.Region],
    showsRegions: Bool
  ) -> MetricValues {
    var scores: [[MetricValues]] = regions.map { _ in [] }
    for group in volumes.groups {
      let truth = VolumeBox(target, group)
      let found = VolumeBox(prediction, group)
      for (place, region) in regions.enumerated() {
        let box = truth.box(of: region.classes).map { one in found.box(of: region.classes).map { one.union($0) } ?? one
        }
        guard let box = box ?? found.box(of: region.classes) else { continue }
        scores[place].append(
          values(
            prediction: found.mask(of: region.classes, in: box), truth: truth.mask(of: region.classes, in: box),
            spacing: group.spacing ?? [1, 1, 1]))
      }
    }
    let means = scores.map { scores in
      names.map { name in mean(scores.map { $0[name] }) }
    }
    var result = MetricValues()
    for (index, name) in names.enumerated() {
      result[name] = mean(means.map { $0[index] })
    }
    guard showsRegions else { return result }
    for (index, name) in names.enumerated() {
      for (region, values) in zip(regions, means) { result["\(name)_\(region.name)"] = values[index] }
    }
    return result
  }

  private static func mean(_ values: [Double?]) -> Double? {
    let defined = values.compactMap(\.self)
    return defined.isEmpty ? nil : Regression.mean(defined)
  }
}
