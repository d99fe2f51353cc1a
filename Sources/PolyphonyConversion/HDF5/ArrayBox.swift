import Polyphony

/// A box in an array: consecutive indices in each dimension.
struct ArrayBox: Equatable {
  /// The first index in each dimension.
  var start: [Int]
  /// The extent in each dimension.
  var count: [Int]

  /// Divides a range of an array's elements, counted in row-major order, into as few boxes as possible, in that order.
  static func boxes(_ range: Range<Int>, of shape: ArraySlice<Int>) -> [ArrayBox] {
    guard !shape.isEmpty else { return range.isEmpty ? [] : [ArrayBox(start: [], count: [])] }
    let rest = shape.dropFirst()
    let width = rest.reduce(1, *)
    var boxes: [ArrayBox] = []
    var place = range.lowerBound
    while place < range.upperBound {
      let row = place / width
      let whole = (range.upperBound - place) / width
      if place == row * width, whole > 0 {
        boxes.append(ArrayBox(start: [row] + rest.map { _ in 0 }, count: [whole] + rest))
        place += whole * width
      } else {
        let end = min(range.upperBound, (row + 1) * width)
        for box in Self.boxes(place - row * width..<end - row * width, of: rest) {
          boxes.append(ArrayBox(start: [row] + box.start, count: [1] + box.count))
        }
        place = end
      }
    }
    return boxes
  }
}
