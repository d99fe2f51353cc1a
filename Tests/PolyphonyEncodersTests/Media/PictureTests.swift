import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyEncoders

/// The readers of picture files, beside Pillow, and their preparation, beside transformers' processors on Pillow.
@Suite struct PictureTests {
  static let folder = Bundle.module.path(forResource: "pictures", ofType: nil, inDirectory: "Fixtures") ?? ""

  static func reference(_ name: String) throws -> Tensor {
    try SafetensorsFile(path: "\(folder)/reference.safetensors").tensor(name)
  }

  private static let files = [
    "rgb.png", "rgb-interlaced.png", "rgba.png", "rgb16.png", "grey.png", "grey-alpha.png", "grey16.png",
    "grey1-interlaced.png", "grey2.png", "palette4.png", "palette8.png", "rgb.ppm", "grey.pgm", "grey16.pgm",
  ]

  @Test(arguments: files) func pixelsArePillows(name: String) throws {
    let picture = try Picture.read("\(Self.folder)/\(name)")
    let expected = try Self.reference(name)
    #expect([picture.height, picture.width, 3] == expected.shape)
    #expect(picture.bytes.map(Int.init) == expected.to(.int64).integers)
  }

  /// ffmpeg decodes JPEG with roundings of its own.
  @Test(.enabled(if: Self.hasFFmpeg, "ffmpeg is not installed")) func photosAreNearPillows() throws {
    let picture = try Picture.read("\(Self.folder)/photo.jpg")
    let expected = try Self.reference("photo.jpg").to(.int64).integers
    let differences = zip(picture.bytes, expected).map { abs(Int($0) - $1) }
    #expect(picture.bytes.count == expected.count && (differences.max() ?? 255) <= 3, "\(differences.max() ?? -1)")
  }

  static let hasFFmpeg = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].contains {
    FileManager.default.isExecutableFile(atPath: "\($0)/ffmpeg")
  }

  /// Resized bytes are Pillow's, so only the rounding of the last division is left.
  @Test(arguments: [
    ("vit", EncoderFamily.vit), ("deit", .deit), ("clip", .clip), ("clip-old", .clip), ("bit", .dinov2),
    ("convnext", .resnet), ("mobilenet", .mobilenetV2), ("lanczos", .vit), ("box", .vit), ("hamming", .vit),
    ("raw", .deit),
  ])
  func preparationIsTransformers(name: String, family: EncoderFamily) throws {
    let preparation = try PicturePreparation(
      ConfigurationReader(preparationOf: "\(Self.folder)/\(name)"), family: family, imageSize: nil)
    let found = try preparation(Picture.read("\(Self.folder)/rgb.png"))
    let expected = try Self.reference("\(name).pixels")
    #expect(found.shape == expected.shape)
    let worst = zip(found.floats, expected.floats).map { abs($0 - $1) }.max() ?? 1
    #expect(worst <= 1e-6 * (name == "raw" ? 0 : 1), "off by \(worst)")
  }

  /// Without the file, a preparation is that of the family, in the size of the configuration.
  @Test func preparationsHaveDefaults() throws {
    let sizes: [(EncoderFamily, PicturePreparation.Size, [Int]?)] = [
      (.vit, .exact(height: 32, width: 32), nil), (.deit, .exact(height: 36, width: 36), [32, 32]),
      (.clip, .shortest(32), [32, 32]), (.resnet, .shortest(36), [32, 32]), (.mobilenetV2, .shortest(36), [32, 32]),
    ]
    for (family, size, crop) in sizes {
      let preparation = try PicturePreparation(
        ConfigurationReader(preparationOf: "/nowhere"), family: family, imageSize: 32)
      #expect(preparation.size == size && preparation.crop == crop, "\(family): \(preparation)")
    }
  }

  @Test(arguments: [
    ("size", "[224]"), ("resample", "0"), ("image_mean", "[0.5, 0.5]"), ("image_std", "[0, 1, 1]"),
    ("crop_size", "\"224\""), ("size", "{\"shortest_edge\": 224, \"longest_edge\": 300}"), ("size", "{\"height\": 8}"),
    ("size", "1000000"), ("do_resize", "1"), ("image_processor_type", "\"SamImageProcessor\""),
  ])
  func wrongPreparationsAreRefused(key: String, value: String) throws {
    try withScratch { folder in
      try "{\"do_center_crop\": true, \"\(key)\": \(value)}".write(
        toFile: "\(folder)/preprocessor_config.json", atomically: true, encoding: .utf8)
      let fault = #expect(throws: Fault.self) {
        try PicturePreparation(ConfigurationReader(preparationOf: folder), family: .vit, imageSize: nil)
      }
      #expect(fault?.kind == .badData && fault?.file == "\(folder)/preprocessor_config.json", "\(fault as Any)")
    }
  }

  /// Long pictures would need endless memory where the shorter side is enlarged.
  @Test func longPicturesAreRefused() throws {
    let preparation = PicturePreparation(size: .shortest(224))
    for (width, height) in [(1, 40_000), (400_000, 1)] {
      let long = Picture(width: width, height: height, bytes: .init(repeating: 0, count: width * height * 3))
      let fault = #expect(throws: Fault.self) { try preparation(long) }
      #expect(fault?.kind == .badData)
    }
  }

  /// Every damage of a file is a fault or another picture, and never a trap. Claimed sizes take no memory.
  @Test(arguments: ["rgb.png", "rgb-interlaced.png", "palette4.png", "grey16.pgm", "rgb.ppm"])
  func brokenPicturesAreFaults(name: String) throws {
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(name)")))
    let isPNG = name.hasSuffix(".png")
    try withScratch { folder in
      let path = "\(folder)/\(name)"
      for count in stride(from: 0, to: whole.count - 1, by: 7) {
        // Below the beginning, ffmpeg would be asked.
        guard count == 0 || count >= 8 else { continue }
        try Data(whole.prefix(count)).write(to: URL(fileURLWithPath: path))
        let fault = #expect(throws: Fault.self, "\(count) bytes") { try Picture.read(path) }
        #expect(fault?.kind == .badData)
      }
      for place in stride(from: 8, to: whole.count, by: 3) {
        var changed = whole
        changed[place] ^= 0x41
        try Data(changed).write(to: URL(fileURLWithPath: path))
        do {
          _ = try Picture.read(path)
          #expect(!isPNG, "a wrong checksum at \(place)")
        } catch let fault as Fault {
          #expect(fault.kind == .badData)
        }
      }
    }
  }

  /// Headers that claim 3600 or 100 million pixels, or none.
  @Test(arguments: [
    "P6\n60000 60000\n255\n", "P6\n10000 10000\n255\n", "P6\n0 5\n255\n", "P5\n999999999 999999999\n9\n",
  ])
  func claimedSizesAreRefused(header: String) throws {
    try withScratch { folder in
      try Data(header.utf8).write(to: URL(fileURLWithPath: "\(folder)/a.ppm"))
      let fault = #expect(throws: Fault.self) { try Picture.read("\(folder)/a.ppm") }
      #expect(fault?.problem == "the picture has too many pixels, or none")
    }
  }
}

/// Calls `body` with a new folder.
func withScratch(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("media-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}
