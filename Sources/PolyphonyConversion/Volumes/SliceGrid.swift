import Polyphony

/// The voxels of a volume's pictures: for each row and column its distance in the file.
struct SliceGrid {
  private let rows: [Int?]
  private let columns: [Int?]
  private let stride: Int

  /// Finds the voxels of pictures of a height and a width.
  init(_ volume: Volume, size: [Int]) {
    let strides = [1, volume.shape[0], volume.shape[0] * volume.shape[1]]
    stride = strides[volume.axes[0]]
    rows = volume.indices(0, count: size[0]).map { $0.map { $0 * strides[volume.axes[1]] } }
    columns = volume.indices(1, count: size[1]).map { $0.map { $0 * strides[volume.axes[2]] } }
  }

  /// Returns a slice of a volume, row by row. A pixel outside the volume is `outside`.
  func picture<Value>(
    _ slice: Int, of values: [Float], outside: Value, _ change: (Float) -> Value
  ) -> [Value] {
    var picture: [Value] = []
    picture.reserveCapacity(rows.count * columns.count)
    for row in rows {
      for column in columns {
        guard let row, let column else {
          picture.append(outside)
          continue
        }
        picture.append(change(values[slice * stride + row + column]))
      }
    }
    return picture
  }

  /// Puts the pixels of a slice into a volume. Pixels outside the volume are left out.
  func put<Value>(_ picture: [Value], _ slice: Int, into values: inout [Value]) {
    for (place, row) in rows.enumerated() {
      for (offset, column) in columns.enumerated() {
        guard let row, let column else { continue }
        values[slice * stride + row + column] = picture[place * columns.count + offset]
      }
    }
  }
}
