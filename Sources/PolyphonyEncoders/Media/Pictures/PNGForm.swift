/// The header of a PNG file.
struct PNGForm {
  /// The colour types.
  enum Colour: UInt8 {
    case grey = 0
    case rgb = 2
    case palette = 3
    case greyWithAlpha = 4
    case rgbWithAlpha = 6

    var channels: Int { [.grey: 1, .rgb: 3, .palette: 1, .greyWithAlpha: 2, .rgbWithAlpha: 4][self] ?? 1 }
    fileprivate var depths: Set<Int> {
      switch self {
      case .grey: [1, 2, 4, 8, 16]
      case .palette: [1, 2, 4, 8]
      default: [8, 16]
      }
    }
  }

  let width: Int
  let height: Int
  let depth: Int
  let colour: Colour
  let isInterlaced: Bool
  /// The bits of a pixel.
  var bits: Int { colour.channels * depth }

  /// Reads the chunk IHDR. It is nil for a form that PNG does not know.
  init?(_ header: ArraySlice<UInt8>) {
    let bytes = Array(header)
    guard bytes.count == 13, let colour = Colour(rawValue: bytes[9]), colour.depths.contains(Int(bytes[8])),
      bytes[10] == 0, bytes[11] == 0, bytes[12] <= 1
    else { return nil }
    (width, height) = (PNGFile.number(bytes[0..<4]), PNGFile.number(bytes[4..<8]))
    (depth, self.colour, isInterlaced) = (Int(bytes[8]), colour, bytes[12] == 1)
  }
}

/// The way from the samples of a row to red, green and blue.
struct PNGColours {
  private let form: PNGForm
  /// Three bytes for each value of an 8-bit sample.
  private let table: [UInt8]

  init(_ form: PNGForm, palette: [UInt8]) {
    self.form = form
    let most = (1 << min(form.depth, 8)) - 1
    table = (0...255).flatMap { value -> [UInt8] in
      guard form.colour == .palette else { return Array(repeating: UInt8(min(value, most) * 255 / most), count: 3) }
      return (0..<3).map { value * 3 + $0 < palette.count ? palette[value * 3 + $0] : 0 }
    }
  }

  /// Writes the pixels of a row behind its filter, one every few bytes.
  func write(_ row: [UInt8], _ count: Int, into bytes: inout [UInt8], at start: Int, every step: Int) {
    let size = max(1, form.depth / 8)
    for index in 0..<count {
      let place = start + index * step
      switch form.colour {
      case .rgb, .rgbWithAlpha:
        for channel in 0..<3 { bytes[place + channel] = row[1 + (index * form.colour.channels + channel) * size] }
      default:
        let value = Int(form.depth >= 8 ? row[1 + index * form.colour.channels * size] : packed(row, index))
        for channel in 0..<3 { bytes[place + channel] = table[value * 3 + channel] }
      }
    }
  }

  private func packed(_ row: [UInt8], _ index: Int) -> UInt8 {
    let bit = index * form.depth
    return row[1 + bit / 8] >> (8 - form.depth - bit % 8) & (1 << form.depth - 1)
  }
}
