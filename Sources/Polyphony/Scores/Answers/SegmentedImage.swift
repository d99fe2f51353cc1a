import Foundation
import Torch

/// An image of a split with its true and its predicted mask, for a picture in a report. Of a volume it is one slice.
public struct SegmentedImage: Equatable, Sendable {
  /// The number of images with the lowest Dice that a summary keeps, and of those with the highest.
  static let most = 3
  /// The longest side of a picture in pixels. A larger image is thinned out.
  static let longestSide = 192

  /// The sample's id.
  public var id: String
  /// 2 · |P ∩ T| / (|P| + |T|) over pixels of a foreground class, where P and T agree on the class.
  public var dice: Double
  /// The number of columns.
  public var width: Int
  /// The image's brightness row by row, from 0 to 255 between its 1st and 99th percentile. A pixel that is exactly 0 lies
  /// outside the brain and is black.
  public var pixels: [UInt8]
  /// The true classes row by row.
  public var truth: [UInt8]
  /// The predicted classes row by row.
  public var prediction: [UInt8]

  /// The number of rows.
  public var height: Int { width == 0 ? 0 : pixels.count / width }

  /// Chooses the images with the lowest and the highest Dice, the lowest first. An image without a foreground on both
  /// sides takes no part.
  /// - Parameters:
  ///   - classes: the predicted classes `[N, H, W]`, or `[N, D, H, W]` of volumes.
  ///   - target: the true classes, of the same shape.
  ///   - images: the images to show, `[N, channels, H, W]`, or `[N, channels, D, H, W]`; the first channel counts.
  ///   - id: the name of a sample.
  static func extremes(_ classes: Tensor, _ target: Tensor, _ images: Tensor, _ id: (Int) -> String) -> [Self] {
    guard target.size(0) > 0 else { return [] }
    func counts(_ mask: Tensor) -> [Int] { mask.flattened(1).to(.int64).sum(1).integers }
    let both = counts((classes .== target) .& (target .> 0))
    let total = zip(counts(classes .> 0), counts(target .> 0)).map(+)
    let scored = total.indices.filter { total[$0] > 0 }.map { ($0, dice: 2 * Double(both[$0]) / Double(total[$0])) }
      .sorted { ($0.dice, $0.0) < ($1.dice, $1.0) }
    let chosen = scored.count <= 2 * most ? scored : Array(scored.prefix(most) + scored.suffix(most))
    return chosen.map { index, dice in
      let (image, truth, found) = (images[index][0], target[index], classes[index])
      guard truth.rank == 3 else {
        return Self(id: id(index), dice: dice, image: image, truth: truth, prediction: found)
      }
      let slice = mostForeground(truth, found)
      return Self(
        id: "\(id(index)) slice \(slice)", dice: dice, image: image[slice], truth: truth[slice],
        prediction: found[slice])
    }
  }

  /// The slice of a volume with the most foreground, true or else predicted.
  private static func mostForeground(_ truth: Tensor, _ prediction: Tensor) -> Int {
    func counts(_ mask: Tensor) -> Tensor { (mask .> 0).flattened(1).to(.int64).sum(1) }
    let known = counts(truth)
    return Int((known.maximum().item > 0 ? known : counts(prediction)).argmax(0).item)
  }

  private init(id: String, dice: Double, image: Tensor, truth: Tensor, prediction: Tensor) {
    let step = max(1, (max(image.size(0), image.size(1)) + Self.longestSide - 1) / Self.longestSide)
    func thin(_ map: Tensor) -> Tensor {
      let (rows, columns) = (map.size(0), map.size(1))
      return map.rows(Tensor(Array(stride(from: 0, to: rows, by: step))))
        .rows(Tensor(Array(stride(from: 0, to: columns, by: step))), 1)
    }
    let values = thin(image).to(.float32).floats.map { $0.isFinite ? $0 : 0 }
    let inside = values.filter { $0 != 0 }.sorted()
    let sorted = inside.isEmpty ? [0] : inside
    let (low, high) = (sorted[sorted.count / 100], sorted[sorted.count - 1 - sorted.count / 100])
    let range = max(high - low, 1e-6)
    self.init(
      id: id, dice: dice, width: (image.size(1) + step - 1) / step,
      pixels: values.map { $0 == 0 ? 0 : UInt8((min(1, max(0, ($0 - low) / range)) * 255).rounded()) },
      truth: thin(truth).integers.map { UInt8(clamping: $0) },
      prediction: thin(prediction).integers.map { UInt8(clamping: $0) })
  }

  init(id: String, dice: Double, width: Int, pixels: [UInt8], truth: [UInt8], prediction: [UInt8]) {
    (self.id, self.dice, self.width) = (id, dice, width)
    (self.pixels, self.truth, self.prediction) = (pixels, truth, prediction)
  }
}

extension SegmentedImage {
  /// The image as an object of a row of results: brightness in Base64, masks as runs of a class and its length.
  var json: OrderedJSON {
    .object([
      .init("id", .string(id)), .init("dice", .number(dice)), .init("width", .integer(width)),
      .init("pixels", .string(Data(pixels).base64EncodedString())), .init("truth", Self.runs(truth)),
      .init("prediction", Self.runs(prediction)),
    ])
  }

  /// Reads an image. Nil for another form.
  init?(_ json: OrderedJSON) {
    guard case .string(let id)? = json["id"], let dice = json["dice"]?.finite, let width = json["width"]?.count,
      case .string(let text)? = json["pixels"], let pixels = Data(base64Encoded: text).map(Array.init), !pixels.isEmpty,
      width > 0, pixels.count % width == 0, let truth = Self.mask(json["truth"], pixels.count),
      let prediction = Self.mask(json["prediction"], pixels.count)
    else { return nil }
    self.init(id: id, dice: dice, width: width, pixels: pixels, truth: truth, prediction: prediction)
  }

  private static func runs(_ mask: [UInt8]) -> OrderedJSON {
    var runs: [OrderedJSON] = []
    var start = 0
    for index in mask.indices where index + 1 == mask.count || mask[index + 1] != mask[index] {
      runs += [.integer(Int(mask[index])), .integer(index + 1 - start)]
      start = index + 1
    }
    return .array(runs)
  }

  private static func mask(_ json: OrderedJSON?, _ count: Int) -> [UInt8]? {
    let numbers = (json?.elements ?? []).compactMap(\.count)
    guard numbers.count % 2 == 0 else { return nil }
    var mask: [UInt8] = []
    for run in stride(from: 0, to: numbers.count, by: 2) {
      guard numbers[run] < 256, numbers[run + 1] <= count - mask.count else { return nil }
      mask += Array(repeating: UInt8(numbers[run]), count: numbers[run + 1])
    }
    return mask.count == count ? mask : nil
  }
}
