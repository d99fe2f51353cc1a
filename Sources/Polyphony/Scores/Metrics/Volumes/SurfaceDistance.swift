/// Distances between the surfaces of two masks.
enum SurfaceDistance {
  /// The 95 % Hausdorff distance: the larger of both directions' 95th percentiles of the distance from a voxel of one
  /// surface to the nearest voxel of the other one.
  ///
  /// Percentiles are interpolated linearly, as NumPy and MONAI do. It is nil if a mask is empty.
  /// - Parameter spacing: the distances of neighbouring slices, rows and columns.
  static func hausdorff95(_ one: VoxelMask, _ other: VoxelMask, spacing: [Double]) -> Double? {
    let (a, b) = (one.surface, other.surface)
    guard let there = percentile95(from: a, to: b, spacing), let back = percentile95(from: b, to: a, spacing) else {
      return nil
    }
    return max(there, back)
  }

  private static func percentile95(from: VoxelMask, to: VoxelMask, _ spacing: [Double]) -> Double? {
    guard to.voxels.contains(true) else { return nil }
    let squares = squaredDistances(to: to, spacing: spacing)
    let sorted = zip(from.voxels, squares).filter(\.0).map(\.1).sorted()
    guard !sorted.isEmpty else { return nil }
    let position = 0.95 * Double(sorted.count - 1)
    let low = Int(position)
    let (first, second) = (sorted[low].squareRoot(), sorted[min(low + 1, sorted.count - 1)].squareRoot())
    return first + (second - first) * (position - Double(low))
  }

  /// The squared distance of every voxel to the nearest voxel of a mask, by one lower envelope of parabolas for each line
  /// along each axis (Felzenszwalb & Huttenlocher, Theory of Computing 2012, algorithm 1).
  static func squaredDistances(to mask: VoxelMask, spacing: [Double]) -> [Double] {
    var values = mask.voxels.map { $0 ? 0 : Double.infinity }
    let shape = mask.shape
    let strides = [shape[1] * shape[2], shape[2], 1]
    values.withUnsafeMutableBufferPointer { values in
      for axis in [2, 1, 0] {
        let others = [0, 1, 2].filter { $0 != axis }
        var line = EnvelopeLine(length: shape[axis], step: spacing[axis])
        for first in 0..<shape[others[0]] {
          for second in 0..<shape[others[1]] {
            line.transform(values, first * strides[others[0]] + second * strides[others[1]], stride: strides[axis])
          }
        }
      }
    }
    return values
  }
}

/// The squared distances along one line of voxels, with the memory for it.
private struct EnvelopeLine {
  private let length: Int
  private let step: Double
  private var source: [Double]
  /// The places of the parabolas of the envelope.
  private var places: [Int]
  /// The borders from which each parabola is the lowest.
  private var borders: [Double]

  init(length: Int, step: Double) {
    (self.length, self.step) = (length, step)
    source = Array(repeating: 0, count: length)
    places = Array(repeating: 0, count: length)
    borders = Array(repeating: 0, count: length)
  }

  /// Replaces f(p) along a line by the minimum over q of (s·(p − q))² + f(q).
  mutating func transform(_ values: UnsafeMutableBufferPointer<Double>, _ start: Int, stride: Int) {
    var last = -1
    for place in 0..<length {
      let value = values[start + place * stride]
      source[place] = value
      guard value < .infinity else { continue }
      let position = Double(place) * step
      var border = -Double.infinity
      while last >= 0 {
        let other = Double(places[last]) * step
        border =
          (value + position * position - source[places[last]] - other * other) / (2 * (position - other))
        if border > borders[last] { break }
        last -= 1
      }
      last += 1
      places[last] = place
      borders[last] = last == 0 ? -.infinity : border
    }
    guard last >= 0 else { return }
    var current = 0
    for place in 0..<length {
      let position = Double(place) * step
      while current < last, borders[current + 1] < position { current += 1 }
      let distance = position - Double(places[current]) * step
      values[start + place * stride] = distance * distance + source[places[current]]
    }
  }
}
