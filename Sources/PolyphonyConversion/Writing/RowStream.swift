import Polyphony

/// A stream of chosen samples of an array as single-precision numbers in row-major order, piece by piece.
struct RowStream {
  /// The array of numbers.
  let array: NumPyArray
  /// The storage of its bytes.
  let bytes: ByteRange
  /// The chosen samples in ascending order.
  let rows: [Int]
  /// True if `[N, A, B]` becomes `[N, B, A]`.
  let swapsAxes: Bool

  /// The number of elements per read.
  private static let piece = 1 << 20
  /// The number of elements of a block from Fortran's order. One read gives one column of it.
  private static let block = 1 << 24

  /// The number of elements of a sample.
  var width: Int { array.shape.dropFirst().reduce(1, *) }

  /// Calls `body` with the numbers, which it may change, and the index of the first of them in the whole stream.
  /// - Throws: `Fault(.badData)` if the file has become shorter, or the error of `body`.
  func forEach(_ body: (UnsafeMutableBufferPointer<Float>, _ start: Int) throws(Fault) -> Void) throws(Fault) {
    let width = width
    let most = array.isFortran ? Self.block : Self.piece
    var index = 0
    while index < rows.count {
      // One read covers these samples, and the unwanted ones between them.
      var end = index + 1
      while end < rows.count, (rows[end] - rows[index] + 1) * width <= most { end += 1 }
      let chosen = rows[index..<end]
      if array.isFortran {
        try gather(chosen, start: index * width, body)
      } else if width > most, !swapsAxes {
        try split(rows[index], start: index * width, body)
      } else {
        try compact(chosen, start: index * width, body)
      }
      index = end
    }
  }

  /// Streams one sample larger than a piece.
  private func split(
    _ row: Int, start: Int, _ body: (UnsafeMutableBufferPointer<Float>, Int) throws(Fault) -> Void
  ) throws(Fault) {
    let size = array.type.size
    try withBuffers(raw: Self.piece * size, numbers: Self.piece) { (buffer, floats) throws(Fault) in
      for first in stride(from: 0, to: width, by: Self.piece) {
        let count = min(Self.piece, width - first)
        let raw = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(count * size)])
        let numbers = UnsafeMutableBufferPointer(rebasing: floats[..<count])
        try bytes.read(raw, at: (row * width + first) * size)
        array.type.convert(UnsafeRawBufferPointer(raw), to: numbers)
        try body(numbers, start + first)
      }
    }
  }

  /// Streams samples in row-major order: one read, then the gaps are removed.
  private func compact(
    _ chosen: ArraySlice<Int>, start: Int, _ body: (UnsafeMutableBufferPointer<Float>, Int) throws(Fault) -> Void
  ) throws(Fault) {
    guard let first = chosen.first, let last = chosen.last else { return }
    let size = width * array.type.size
    try withBuffers(
      raw: (last - first + 1) * size, numbers: chosen.count * width
    ) { (buffer, floats) throws(Fault) in
      try bytes.read(buffer, at: first * size)
      for (place, row) in chosen.enumerated() {
        let raw = UnsafeRawBufferPointer(rebasing: buffer[(row - first) * size..<(row - first + 1) * size])
        let numbers = UnsafeMutableBufferPointer(rebasing: floats[place * width..<(place + 1) * width])
        array.type.convert(raw, to: numbers)
        if swapsAxes { transpose(numbers) }
      }
      try body(floats, start)
    }
  }

  /// Streams samples in Fortran's order: each column of the block is one read.
  private func gather(
    _ chosen: ArraySlice<Int>, start: Int, _ body: (UnsafeMutableBufferPointer<Float>, Int) throws(Fault) -> Void
  ) throws(Fault) {
    guard let first = chosen.first, let last = chosen.last, let count = array.shape.first else { return }
    let (span, size) = (last - first + 1, array.type.size)
    let column = UnsafeMutableBufferPointer<Float>.allocate(capacity: span)
    defer { column.deallocate() }
    try withBuffers(raw: span * size, numbers: chosen.count * width) { (buffer, floats) throws(Fault) in
      for place in 0..<width {
        try bytes.read(buffer, at: (place * count + first) * size)
        array.type.convert(UnsafeRawBufferPointer(buffer), to: column)
        let destination = rowMajor(place)
        for (index, row) in chosen.enumerated() { floats[index * width + destination] = column[row - first] }
      }
      if swapsAxes {
        for index in 0..<chosen.count {
          transpose(UnsafeMutableBufferPointer(rebasing: floats[index * width..<(index + 1) * width]))
        }
      }
      try body(floats, start)
    }
  }

  /// Returns the row-major index of an element of a sample, given its index with the first dimension fastest.
  private func rowMajor(_ place: Int) -> Int {
    var rest = place
    var result = 0
    for extent in array.shape.dropFirst() {
      result = result * extent + rest % extent
      rest /= extent
    }
    return result
  }

  /// Transposes `[A, B]` to `[B, A]`.
  private func transpose(_ numbers: UnsafeMutableBufferPointer<Float>) {
    let copy = Array(numbers)
    let (a, b) = (array.shape[1], array.shape[2])
    for i in 0..<a {
      for j in 0..<b { numbers[j * a + i] = copy[i * b + j] }
    }
  }

  /// Allocates the memory for one piece.
  private func withBuffers(
    raw: Int, numbers: Int,
    _ body: (UnsafeMutableRawBufferPointer, UnsafeMutableBufferPointer<Float>) throws(Fault) -> Void
  ) throws(Fault) {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: raw, alignment: 16)
    let floats = UnsafeMutableBufferPointer<Float>.allocate(capacity: numbers)
    floats.initialize(repeating: 0)
    defer {
      bytes.deallocate()
      floats.deallocate()
    }
    try body(bytes, floats)
  }
}
