import Polyphony
import Torch

/// MTCNN (Zhang et al. 2016): faces in a picture, by three networks one after another, each with fewer and finer boxes.
///
/// Sizes, order of steps and rounding are those of facenet-pytorch.
final class FaceDetector {
  /// The most pixels that are searched. A larger picture is searched in a smaller form, so memory has a limit.
  private static let mostPixels = 1 << 22
  /// The side of the smallest picture that the first network takes.
  private static let cell = 12
  /// The boxes of a batch.
  private static let batch = 512

  private let proposal: FaceNetwork
  private let refinement: FaceNetwork
  private let output: FaceNetwork
  private let thresholds: [Float]
  /// The ratio of one scale of the picture to the one before.
  private let factor: Double
  private let smallestFace: Int
  private let margin: Int
  /// The side of the cut picture in which the margin has its pixels.
  private let side: Int

  /// Reads settings and weights. `config.json` may have other numbers than facenet-pytorch's defaults.
  /// - Throws: `Fault(.badData)` for weights of another network and for settings out of range.
  init(_ folder: DetectorFolder) throws(Fault) {
    let settings = folder.configuration
    thresholds = try settings.numbers("thresholds", 0...1, count: 3, default: [0.6, 0.7, 0.7]).map(Float.init)
    factor = try settings.number("factor", 0.1...0.95, default: 0.709)
    smallestFace = try settings.integer("min_face_size", Self.cell...4096, default: 20)
    side = try settings.integer("image_size", 1...4096, default: 160)
    margin = try settings.integer("margin", 0...side - 1, default: 0)
    (proposal, refinement, output) = try AbstractTensors.make { () throws(Fault) in
      (.proposal(), .refinement(), .output())
    }
    for (part, network) in [("pnet", proposal), ("rnet", refinement), ("onet", output)] {
      try network.take(try WeightFiles(folder: folder.path, part: part))
      network.freeze()
    }
  }

  /// Returns the picture cut to its largest face and the margin around it. It is nil if no face is found.
  func largestFace(in picture: Picture) -> Picture? {
    guard let face = faces(in: picture).first else { return nil }
    let share = Float(margin) / Float(side - margin) / 2
    let around = SIMD2(face.width, face.height) * share
    let columns = Self.range(face.box.x - around.x, face.box.z + around.x, size: picture.width)
    let rows = Self.range(face.box.y - around.y, face.box.w + around.y, size: picture.height)
    return columns.isEmpty || rows.isEmpty ? nil : picture.part(rows: rows, columns: columns)
  }

  /// Returns all faces, the largest first.
  func faces(in picture: Picture) -> [Face] {
    let shrinking = (Double(picture.width * picture.height) / Double(Self.mostPixels)).squareRoot()
    guard shrinking <= 1 else {
      let (width, height) = (Double(picture.width) / shrinking, Double(picture.height) / shrinking)
      let small = picture.resized(width: max(1, Int(width)), height: max(1, Int(height)), .bilinear)
      let ratio = SIMD2(Float(picture.width) / Float(small.width), Float(picture.height) / Float(small.height))
      return faces(in: small).map { face in
        var face = face
        face.box *= SIMD4(lowHalf: ratio, highHalf: ratio)
        return face
      }
    }
    return noGrad {
      let pixels = Tensor(picture.bytes, shape: [1, picture.height, picture.width, 3]).to(.float32)
        .permuted(0, 3, 1, 2).contiguous()
      let proposed = proposals(pixels).map { $0.moved(extra: 0).squared() }
      let refined = rated(proposed, pixels, side: 24, by: refinement, threshold: thresholds[1])
        .suppressed(above: 0.7).map { $0.moved(extra: 1).squared() }
      return rated(refined, pixels, side: 48, by: output, threshold: thresholds[2])
        .map { $0.moved(extra: 1) }.filter(\.isFinite).suppressed(above: 0.7, .smaller)
        .sorted { $0.area > $1.area }
    }
  }

  /// Looks at every place of the picture in smaller and smaller forms.
  private func proposals(_ pixels: Tensor) -> [Face] {
    let (height, width) = (Double(pixels.size(2)), Double(pixels.size(3)))
    var faces: [Face] = []
    var scale = Double(Self.cell) / Double(smallestFace)
    var shortest = min(height, width) * scale
    while shortest >= Double(Self.cell) {
      let smaller = pixels.averagePool2d(to: [Int(height * scale + 1), Int(width * scale + 1)])
      let (probabilities, offsets) = proposal(smaller)
      let columns = probabilities.size(2)
      let (places, edges) = (probabilities.floats, offsets.floats)
      var found: [Face] = []
      for (place, probability) in places.enumerated() where probability >= thresholds[0] {
        // A place stands for every second pixel of the smaller form.
        let corner = SIMD2(Float(place % columns), Float(place / columns)) * 2
        let (start, end) = ((corner + 1) / Float(scale), (corner + Float(Self.cell)) / Float(scale))
        let box = SIMD4(lowHalf: start, highHalf: end).rounded(.down)
        let moves = (0..<4).map { edges[$0 * places.count + place] }
        found.append(Face(box: box, probability: probability, offsets: SIMD4(moves)))
      }
      faces += found.suppressed(above: 0.5)
      scale *= factor
      shortest *= factor
    }
    return faces.suppressed(above: 0.7)
  }

  /// Returns the boxes that a network takes for faces, with its probabilities and offsets.
  private func rated(
    _ faces: [Face], _ pixels: Tensor, side: Int, by network: FaceNetwork, threshold: Float
  ) -> [Face] {
    var result: [Face] = []
    for start in stride(from: 0, to: faces.count, by: Self.batch) {
      let cuts = faces[start..<min(start + Self.batch, faces.count)].compactMap { face in
        Self.cut(face, of: pixels, side: side).map { (face, $0) }
      }
      guard !cuts.isEmpty else { continue }
      let (probabilities, offsets) = network(.concatenated(cuts.map(\.1)))
      let (rates, edges) = (probabilities.floats, offsets.floats)
      for (index, (face, _)) in cuts.enumerated() where rates[index] > threshold {
        let moves = SIMD4(edges[index * 4..<index * 4 + 4])
        result.append(Face(box: face.box, probability: rates[index], offsets: moves))
      }
    }
    return result
  }

  /// Returns what a box shows of the picture, in another size. It is nil for a box outside.
  private static func cut(_ face: Face, of pixels: Tensor, side: Int) -> Tensor? {
    guard face.isFinite else { return nil }
    let rows = range(face.box.y.rounded(.towardZero) - 1, face.box.w, size: pixels.size(2))
    let columns = range(face.box.x.rounded(.towardZero) - 1, face.box.z, size: pixels.size(3))
    guard !rows.isEmpty, !columns.isEmpty else { return nil }
    return pixels.slice(2, rows.lowerBound, rows.upperBound).slice(3, columns.lowerBound, columns.upperBound)
      .averagePool2d(to: [side, side])
  }

  /// Returns the whole pixels between two edges, of those that there are.
  private static func range(_ start: Float, _ end: Float, size: Int) -> Range<Int> {
    let lower = Int(min(max(start, 0), Float(size)))
    return lower..<max(lower, Int(min(max(end, 0), Float(size))))
  }
}

extension Picture {
  /// Returns a part of the picture.
  func part(rows: Range<Int>, columns: Range<Int>) -> Picture {
    let lines = rows.map { row in
      bytes[(row * width + columns.lowerBound) * 3..<(row * width + columns.upperBound) * 3]
    }
    return Picture(width: columns.count, height: rows.count, bytes: Array(lines.joined()))
  }
}
