// Images and volumes: the axes in space, which come behind the channels.

extension Modality.Kind {
  /// The number of axes in space, which come behind the channels: 2 for images, 3 for volumes, and 0 for all else.
  package var axes: Int {
    switch self {
    case .image: 2
    case .volume: 3
    default: 0
    }
  }

  /// True for images and volumes, of which a segmentation classifies every place.
  var isMapped: Bool { axes > 0 }

  /// The shape with which one number for each feature or channel broadcasts to samples of this kind.
  var featureShape: [Int] { [-1] + Array(repeating: 1, count: axes) }
}

extension Modality {
  /// The sizes of an image or a volume along its axes in space, which are the last ones of its tensor; empty for all
  /// else.
  public internal(set) var extent: [Int] {
    get {
      switch kind {
      case .image: [height ?? 0, width ?? 0]
      case .volume: [depth ?? 0, height ?? 0, width ?? 0]
      default: []
      }
    }
    set {
      switch kind {
      case .image: (height, width) = (newValue[0], newValue[1])
      case .volume: (depth, height, width) = (newValue[0], newValue[1], newValue[2])
      default: break
      }
    }
  }

  /// True for an image or a volume, of which a segmentation classifies every place.
  var isMapped: Bool { kind.isMapped }

  /// The same images with the size of a tensor `[N, channels, …]` of as many axes; all else stays as it is.
  func sized(like shape: [Int]) -> Modality {
    guard isMapped, shape.count == sampleShape.count + 1 else { return self }
    var result = self
    result.extent = Array(shape.suffix(kind.axes))
    return result
  }
}

extension [Modality] {
  /// Checks that all images have one size. It may differ from the size of a model's images (``SlidingWindows``).
  /// - Throws: `Fault(.badData)` with the first image of another size.
  func checkExtents(file: String) throws(Fault) {
    let images = filter(\.isMapped)
    guard let first = images.first, let other = images.first(where: { $0.extent != first.extent }) else { return }
    throw Fault(
      .badData, "the images have different sizes", file: file, key: "modalities.\(other.name)",
      found: "\(other.extent)", expected: "\(first.extent), as \(first.name) has",
      remedy: "register and resample the images of a sample to one of them")
  }
}
