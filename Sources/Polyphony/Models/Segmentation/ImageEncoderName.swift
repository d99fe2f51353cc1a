/// The residual networks that can encode an image.
public enum ImageEncoderName: String, Codable, Sendable, CaseIterable {
  /// 101 layers (3, 4, 23 and 3 blocks from 64 planes), as published.
  case resnet101
  /// For small images and tests: the model's `layers`, at most 2, as blocks of each stage, from 8 planes.
  case small

  /// Blocks of the four stages.
  func blocks(layers: Int) -> [Int] {
    switch self {
    case .resnet101: [3, 4, 23, 3]
    case .small: Array(repeating: min(2, max(1, layers)), count: 4)
    }
  }

  /// Planes of the stem and of the first stage's inner convolutions.
  var planes: Int { self == .resnet101 ? 64 : 8 }
}
