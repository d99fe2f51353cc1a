import Foundation
import Polyphony

extension PicturePreparation {
  /// The values that a processor of transformers takes for keys that its file lacks.
  private struct Defaults {
    var size: Size
    var filter: ResamplingFilter
    var crop: Int?
    /// OpenAI's mean and deviation. Otherwise both are 0.5.
    var isContrastive = false
    /// The share of the shorter side that a crop keeps, in ConvNeXT's processor.
    var share: Double?

    /// The defaults by the name of the processor, without its ending.
    static let all: [String: Defaults] = [
      "ViT": Defaults(size: .exact(height: 224, width: 224), filter: .bilinear),
      "DeiT": Defaults(size: .exact(height: 256, width: 256), filter: .bicubic, crop: 224),
      "CLIP": Defaults(size: .shortest(224), filter: .bicubic, crop: 224, isContrastive: true),
      "Bit": Defaults(size: .shortest(224), filter: .bicubic, crop: 224, isContrastive: true),
      "ConvNext": Defaults(size: .shortest(384), filter: .bicubic, share: 224.0 / 256),
      "MobileNetV2": Defaults(size: .shortest(256), filter: .bilinear, crop: 224),
    ]

    static func name(of family: EncoderFamily) -> String {
      switch family {
      case .deit: "DeiT"
      case .dinov2: "Bit"
      case .clip, .clipText, .clipVision: "CLIP"
      case .resnet: "ConvNext"
      case .mobilenetV2: "MobileNetV2"
      default: "ViT"
      }
    }
  }

  /// Reads the content of a `preprocessor_config.json`.
  ///
  /// A key that the file lacks has the default of the processor that the file names, or else that of the family. Without
  /// the file these defaults are scaled to the configuration's `image_size`.
  /// - Throws: `Fault(.badData)` for a broken file, and for a form of resizing that is not known here.
  init(_ file: ConfigurationReader?, family: EncoderFamily, imageSize: Int?) throws(Fault) {
    guard let file else {
      self.init(Defaults.all[Defaults.name(of: family)]!, imageSize: imageSize ?? 224)
      return
    }
    let (present, old) = (try file.text("image_processor_type"), try file.text("feature_extractor_type"))
    let named = present ?? old ?? ""
    let known = Defaults.all.keys.first { name in
      ["ImageProcessor", "FeatureExtractor"].contains { named.hasPrefix(name + $0) }
    }
    guard known != nil || named.isEmpty else {
      throw file.fault(
        "image_processor_type", Defaults.all.keys.sorted().map { $0 + "ImageProcessor" }.joined(separator: ", "))
    }
    try self.init(file, Defaults.all[known ?? Defaults.name(of: family)]!)
  }

  private init(_ defaults: Defaults, imageSize: Int) {
    let factor = { (side: Int) in max(1, side * imageSize / 224) }
    switch defaults.size {
    case .exact(let height, let width): size = .exact(height: factor(height), width: factor(width))
    case .shortest(let side): size = .shortest(defaults.share == nil ? factor(side) : imageSize)
    }
    filter = defaults.filter
    crop = defaults.crop.map { _ in [imageSize, imageSize] }
    if let share = defaults.share { setShare(share) }
    (scale, normal) = (1.0 / 255, Self.normal(defaults))
  }

  private init(_ file: ConfigurationReader, _ defaults: Defaults) throws(Fault) {
    if try file.flag("do_resize", default: true) {
      let isSquare = if case .exact = defaults.size { true } else { false }
      size = try Self.size(file, isSquare: isSquare) ?? defaults.size
      filter = try Self.filter(file, default: defaults.filter)
      if let share = defaults.share { setShare(try file.number("crop_pct", 0.01...1, default: share)) }
    }
    if try file.flag("do_center_crop", default: defaults.crop != nil), crop == nil {
      crop = try Self.sides(file, "crop_size") ?? defaults.crop.map { [$0, $0] } ?? [224, 224]
    }
    if try file.flag("do_rescale", default: true) {
      scale = try file.number("rescale_factor", 1e-9...1e9, default: 1.0 / 255)
    }
    if try file.flag("do_normalize", default: true) {
      let absent = Self.normal(defaults)
      normal = [
        try file.numbers("image_mean", -1e9...1e9, count: 3, default: absent[0]),
        try file.numbers("image_std", 1e-9...1e9, count: 3, default: absent[1]),
      ]
    }
  }

  /// ConvNeXT's way: below 384 a share of the shorter side is kept, and from there on the picture is warped.
  private mutating func setShare(_ share: Double) {
    guard case .shortest(let side) = size else { return }
    guard side < 384 else { return size = .exact(height: side, width: side) }
    (size, crop) = (.shortest(Int(Double(side) / share)), [side, side])
  }

  private static func normal(_ defaults: Defaults) -> [[Double]] {
    guard defaults.isContrastive else { return [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]] }
    return [[0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]]
  }

  private static func size(_ file: ConfigurationReader, isSquare: Bool) throws(Fault) -> Size? {
    guard file.isObject("size") else {
      guard file.holds("size") else { return nil }
      let side = try file.integer("size", 1...4096)
      return isSquare ? .exact(height: side, width: side) : .shortest(side)
    }
    let section = try file.section("size")
    guard section.holds("shortest_edge") else {
      return try sides(file, "size").map { .exact(height: $0[0], width: $0[1]) }
    }
    guard !section.holds("longest_edge") else { throw file.fault("size", "shortest_edge alone, or height and width") }
    return .shortest(try section.integer("shortest_edge", 1...4096))
  }

  private static func filter(
    _ file: ConfigurationReader, default absent: ResamplingFilter
  ) throws(Fault) -> ResamplingFilter {
    guard let filter = ResamplingFilter(rawValue: try file.integer("resample", 0...5, default: absent.rawValue)) else {
      throw file.fault("resample", "1 to 5 (lanczos, bilinear, bicubic, box, hamming)")
    }
    return filter
  }

  /// Reads height and width, as an object or as one number.
  private static func sides(_ file: ConfigurationReader, _ key: String) throws(Fault) -> [Int]? {
    guard file.holds(key) else { return nil }
    guard file.isObject(key) else {
      let side = try file.integer(key, 1...4096)
      return [side, side]
    }
    let section = try file.section(key)
    return [try section.integer("height", 1...4096), try section.integer("width", 1...4096)]
  }
}
