import Foundation
import Testing
import Torch

@testable import Polyphony

/// Metrics by volume agree with MONAI and SimpleITK (Tools/make-volume-fixtures.py).
@Suite struct VolumeMetricsTests {
  /// A pair of masks with their scores.
  struct Case: Decodable {
    var shape: [Int]
    var spacing: [Double]
    var prediction: [Int]
    var truth: [Int]
    var dice_volume: Double?
    var lesion_f1: Double?
    var hd95: Double?
    var volume_difference: Double?

    var expected: [Double?] { [dice_volume, lesion_f1, hd95, volume_difference] }

    func mask(_ places: [Int]) -> VoxelMask {
      var voxels = Array(repeating: false, count: shape.reduce(1, *))
      for place in places { voxels[place] = true }
      return VoxelMask(voxels, shape: shape)
    }
  }

  static func cases() throws -> [Case] {
    try JSONDecoder().decode(
      [Case].self, from: Data(contentsOf: URL(fileURLWithPath: fixture("volumes/metrics.json"))))
  }

  @Test func agreesWithTheFieldsLibraries() throws {
    let cases = try Self.cases()
    #expect(cases.count == 10)
    for (index, known) in cases.enumerated() {
      let values = VolumeMetrics.values(
        prediction: known.mask(known.prediction), truth: known.mask(known.truth), spacing: known.spacing)
      #expect(values.names == VolumeMetrics.names)
      for (name, expected) in zip(VolumeMetrics.names, known.expected) {
        // MONAI computes in single precision.
        let isClose = expected.map { abs((values[name] ?? .nan) - $0) < 1e-5 * max(1, $0) } ?? (values[name] == nil)
        #expect(isClose, "\(name) of case \(index): \(values[name] ?? .nan), not \(expected ?? .nan)")
      }
    }
  }

  /// Logits whose argmax is a map of classes.
  private func logits(_ maps: Tensor, classes: Int) -> Tensor {
    maps.oneHot(classes).to(.float32).permuted(0, 3, 1, 2).contiguous()
  }

  /// A sample that is a whole volume scores as its slices do.
  @Test func aWholeVolumeIsItsSlices() throws {
    let known = try Self.cases()[0]
    func map(_ places: [Int], _ shape: [Int]) -> Tensor {
      Tensor(known.mask(places).voxels.map { $0 ? 1 : 0 }, shape: shape)
    }
    let task = PredictionTask(kind: .segmentation, classes: 2)
    func evaluation(_ shape: [Int]) throws -> Evaluation {
      let found = map(known.prediction, shape).oneHot(2).to(.float32)
      let logits = found.permuted(to: [0, shape.count] + Array(1..<shape.count)).contiguous()
      return try Evaluation(logits, map(known.truth, shape), task: task, loss: TaskLoss(task))
    }
    let (whole, slices) = (try evaluation([1] + known.shape), try evaluation(known.shape))
    for name in VolumeMetrics.names { #expect(whole.metrics[name] == slices.metrics[name], "\(name)") }
    #expect(whole.metrics["dice"] == whole.metrics["dice_volume"] && abs(whole.loss - slices.loss) < 1e-5)
    // The picture of a volume is the slice with the most foreground.
    let truth = map(known.truth, [1] + known.shape)
    let images = Tensor.ones([1, 1] + known.shape)
    let picture = try #require(SegmentedImage.extremes(truth, truth, images) { "p\($0)" }.first)
    let counts = (0..<known.shape[0]).map { truth[0][$0].integers.reduce(0, +) }
    let most = counts.firstIndex(of: counts.max() ?? 0) ?? 0
    #expect(picture.id == "p0 slice \(most)" && picture.truth == truth[0][most].integers.map(UInt8.init))
  }

  /// Samples of two volumes in any order, with a gap between slices, score as the volumes do one by one.
  @Test func samplesAreSortedIntoVolumes() throws {
    let cases = Array(try Self.cases().prefix(1))
    let (depth, height, width) = (cases[0].shape[0], cases[0].shape[1], cases[0].shape[2])
    let task = PredictionTask(kind: .segmentation, classes: 2)
    func maps(_ places: [Int]) -> Tensor {
      var values = Array(repeating: 0, count: depth * height * width)
      for place in places { values[place] = 1 }
      return Tensor(values, shape: [depth, height, width])
    }
    let (truth, found) = (maps(cases[0].truth), maps(cases[0].prediction))
    let empty = Tensor.zeros([1, height, width], dtype: .int64)
    // The second volume has a lesion in the same place, and no prediction of it.
    let order = [3, 0, 8, 6, 1, 5, 2, 4, 7]
    let target = Tensor.concatenated([truth, empty, truth[2..<3]])
    let prediction = Tensor.concatenated([found, empty, empty])
    let volumes = VolumeSlices(
      volume: order.map { $0 == 8 ? 5 : 2 }, slice: order.map { $0 == 7 ? 30 : $0 == 8 ? 0 : $0 },
      list: nil)
    let rows = Tensor(order)
    let values = try Evaluation(
      logits(prediction.rows(rows), classes: 2), target.rows(rows), task: task, loss: TaskLoss(task), volumes: volumes
    ).metrics
    let alone = VolumeMetrics.values(
      prediction: cases[0].mask(cases[0].prediction), truth: cases[0].mask(cases[0].truth), spacing: [1, 1, 1])
    // The second volume scores 0, except for a distance, which it has not.
    let changes: [(name: String, change: (Double) -> Double)] = [
      ("dice_volume", { $0 / 2 }), ("lesion_f1", { $0 / 2 }), ("hd95", { $0 }), ("volume_difference", { ($0 + 1) / 2 }),
    ]
    for (name, change) in changes {
      let (found, known) = (values[name] ?? .nan, alone[name] ?? .nan)
      #expect(abs(found - change(known)) < 1e-9, "\(name)")
    }
    // Without places, all samples are one volume.
    let single = try Evaluation(logits(found, classes: 2), truth, task: task, loss: TaskLoss(task)).metrics
    #expect(single["hd95"] == alone["hd95"] && single["dice_volume"] == alone["dice_volume"])
  }

  /// Four classes have BraTS' regions, each with metrics of its own.
  @Test func regionsAreNamed() throws {
    let task = PredictionTask(kind: .segmentation, classes: 4)
    let target = Tensor([0, 1, 2, 3, 0, 0, 2, 2], shape: [2, 2, 2])
    let values = try Evaluation(logits(target, classes: 4), target, task: task, loss: TaskLoss(task)).metrics
    for name in VolumeMetrics.names {
      let best = MetricDirection(metric: name) == .higherIsBetter ? 1.0 : 0
      #expect(["", "_ET", "_TC", "_WT"].allSatisfy { values[name + $0] == best }, "\(name)")
    }
    #expect(MetricDirection(metric: "hd95_ET") == .lowerIsBetter)
    #expect(MetricDirection(metric: "valid/volume_difference") == .lowerIsBetter)
    #expect(values.names.prefix(4) == ["dice", "dice_ET", "dice_TC", "dice_WT"])
  }

  /// The squared distances of the fast transform are those of all pairs.
  @Test func distancesAreThoseOfAllPairs() {
    let shape = [3, 4, 5]
    let places = [7, 22, 41, 58]
    var voxels = Array(repeating: false, count: 60)
    for place in places { voxels[place] = true }
    let spacing = [2.5, 1, 0.7]
    let found = SurfaceDistance.squaredDistances(to: VoxelMask(voxels, shape: shape), spacing: spacing)
    func position(_ place: Int) -> [Double] {
      [Double(place / 20) * spacing[0], Double(place / 5 % 4) * spacing[1], Double(place % 5) * spacing[2]]
    }
    for place in 0..<60 {
      let nearest = places.map { other in
        zip(position(place), position(other)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      }.min()
      #expect(abs(found[place] - (nearest ?? .nan)) < 1e-12)
    }
  }
}
