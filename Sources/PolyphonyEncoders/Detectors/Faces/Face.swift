/// A box in pixels with the probability that it holds a face.
struct Face {
  /// The area that divides the intersection of two boxes.
  enum Overlap {
    /// The area that both cover together.
    case union
    /// The area of the smaller box. Edges count as whole pixels.
    case smaller
  }

  /// Left, top, right and bottom.
  var box: SIMD4<Float>
  var probability: Float
  /// The shares of width and height that a network adds to the edges.
  var offsets = SIMD4<Float>.zero

  var width: Float { box.z - box.x }
  var height: Float { box.w - box.y }
  var area: Float { width * height }
  /// False if a weight or an offset has made the box infinite.
  var isFinite: Bool { (box - box) == .zero }

  /// Returns the box with its edges moved by the offsets.
  /// - Parameter extra: what width and height count more than the difference of the edges.
  func moved(extra: Float) -> Face {
    let (width, height) = (width + extra, height + extra)
    var face = self
    face.box += offsets * SIMD4(width, height, width, height)
    return face
  }

  /// Returns the square around the same centre whose side is the box's longer one.
  func squared() -> Face {
    let side = max(width, height)
    var face = self
    face.box.x = box.x + width * 0.5 - side * 0.5
    face.box.y = box.y + height * 0.5 - side * 0.5
    face.box.z = face.box.x + side
    face.box.w = face.box.y + side
    return face
  }
}

extension [Face] {
  /// Returns the most probable faces, and leaves out what overlaps one of them by more than a share (non-maximum
  /// suppression).
  func suppressed(above share: Double, _ overlap: Face.Overlap = .union) -> [Face] {
    let extra: Float = overlap == .smaller ? 1 : 0
    let area = { (face: Face) in (face.width + extra) * (face.height + extra) }
    var rest = sorted { $0.probability > $1.probability }[...]
    var kept: [Face] = []
    while let best = rest.popFirst() {
      kept.append(best)
      let own = area(best)
      rest.removeAll { face in
        let width = Swift.min(best.box.z, face.box.z) - Swift.max(best.box.x, face.box.x) + extra
        let height = Swift.min(best.box.w, face.box.w) - Swift.max(best.box.y, face.box.y) + extra
        let common = Swift.max(0, width) * Swift.max(0, height)
        let other = area(face)
        return Double(common / (overlap == .smaller ? Swift.min(own, other) : own + other - common)) > share
      }
    }
    return kept
  }
}
