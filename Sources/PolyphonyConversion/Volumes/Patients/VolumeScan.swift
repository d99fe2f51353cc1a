import Polyphony

/// The facts about one volume that a first pass over its numbers finds.
struct VolumeScan {
  /// The number of voxels that are not 0 at each index of each axis.
  private(set) var occupied: [[Int]]
  /// The number of voxels that are not 0.
  private(set) var count = 0
  private var sum = 0.0
  private var squares = 0.0
  /// The first value, which sums are relative to.
  private var shift = 0.0
  /// The different numbers of a mask, in ascending order. It is empty for an image.
  private(set) var labels: [Int] = []

  /// The most labels that a mask may have.
  static let mostLabels = 64
  /// The largest number of a label.
  static let largestLabel = 65_535

  /// The mean of the voxels that are not 0.
  var mean: Double { shift + (count == 0 ? 0 : sum / Double(count)) }

  /// The standard deviation of the voxels that are not 0; 1 for constant ones.
  var deviation: Double {
    guard count > 0 else { return 1 }
    let offset = sum / Double(count)
    let variance = squares / Double(count) - offset * offset
    return variance > 1e-12 * max(1, mean * mean) ? variance.squareRoot() : 1
  }

  /// Reads a volume once.
  /// - Throws: the faults of the file. For a mask `Fault(.badData)` for a number that is no label and for too many.
  init(_ file: NIfTIFile, isMask: Bool) throws(Fault) {
    occupied = file.header.shape.map { Array(repeating: 0, count: $0) }
    let (columns, rows) = (file.header.shape[0], file.header.shape[1])
    var found: Set<Int> = []
    var (last, isFirst): (Float, Bool) = (0, true)
    try file.forEachPiece { (values, start) throws(Fault) in
      var index = 0
      while index < values.count {
        // A run is the rest of a row, or of the piece.
        let place = start + index
        let (i, j, k) = (place % columns, place / columns % rows, place / columns / rows)
        let length = min(columns - i, values.count - index)
        var inside = 0
        for offset in 0..<length {
          let value = values[index + offset]
          if isMask, value != last || isFirst {
            guard value == value.rounded(), (0...Float(Self.largestLabel)).contains(value) else {
              throw Self.noLabel(value, file, place + offset)
            }
            (last, isFirst) = (value, false)
            found.insert(Int(value))
            guard found.count <= Self.mostLabels else { throw Self.tooMany(found, file) }
          }
          guard value != 0 else { continue }
          if count == 0, inside == 0 { shift = Double(value) }
          inside += 1
          occupied[0][i + offset] += 1
          let relative = Double(value) - shift
          sum += relative
          squares += relative * relative
        }
        count += inside
        occupied[1][j] += inside
        occupied[2][k] += inside
        index += length
      }
    }
    labels = found.sorted()
  }

  private static func noLabel(_ value: Float, _ file: NIfTIFile, _ place: Int) -> Fault {
    Fault(
      .badData, "a voxel of the mask is no label", file: file.path, key: "voxel \(file.index(of: place))",
      found: "\(value)", expected: "whole numbers from 0 to \(largestLabel)",
      remedy: "round the mask, after resampling by nearest neighbours, or name another file: --target NAME")
  }

  private static func tooMany(_ labels: Set<Int>, _ file: NIfTIFile) -> Fault {
    Fault(
      .badData, "the mask has too many labels", file: file.path, key: "labels",
      found: labels.sorted().prefix(8).map(String.init).joined(separator: ", ") + ", …",
      expected: "at most \(mostLabels) different numbers",
      remedy: "is it an image? Name the mask: --target NAME")
  }
}
