import Foundation

/// The filters of Pillow's `Image.resize`, by their numbers there.
enum ResamplingFilter: Int, CaseIterable, Sendable {
  case lanczos = 1
  case bilinear = 2
  case bicubic = 3
  case box = 4
  case hamming = 5

  /// Half the width of the filter, in pixels of the smaller picture.
  var support: Double {
    switch self {
    case .lanczos: 3
    case .bicubic: 2
    case .bilinear, .hamming: 1
    case .box: 0.5
    }
  }

  /// The weight at a distance.
  func callAsFunction(_ x: Double) -> Double {
    let distance = abs(x)
    switch self {
    case .lanczos: return x >= -3 && x < 3 ? Self.sinc(x) * Self.sinc(x / 3) : 0
    case .bilinear: return max(0, 1 - distance)
    case .bicubic:
      let a = -0.5
      if distance < 1 { return ((a + 2) * distance - (a + 3)) * distance * distance + 1 }
      return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * a : 0
    case .box: return x > -0.5 && x <= 0.5 ? 1 : 0
    case .hamming:
      if distance == 0 { return 1 }
      return distance < 1 ? Self.sinc(x) * (0.54 + 0.46 * cos(distance * .pi)) : 0
    }
  }

  private static func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(x * .pi) / (x * .pi) }
}

extension Picture {
  /// Returns the picture in another size, bit for bit as Pillow's `resize` computes it.
  ///
  /// Pillow widens the filter where it shrinks (antialiasing), convolves the rows and then the columns, with weights of 22
  /// fractional bits, and rounds to 8 bits after each.
  func resized(width: Int, height: Int, _ filter: ResamplingFilter) -> Picture {
    var result = self
    if width != self.width {
      let taps = ResamplingTaps(from: self.width, to: width, filter)
      let rows = taps.applied(to: result.bytes, lines: self.height, line: self.width * 3, step: 3, result: width * 3)
      result = Picture(width: width, height: self.height, bytes: rows)
    }
    if height != self.height {
      let taps = ResamplingTaps(from: self.height, to: height, filter)
      result = Picture(width: width, height: height, bytes: taps.appliedToColumns(of: result.bytes, row: width * 3))
    }
    return result
  }
}

/// The pixels that a new pixel is made of, and their weights, in one direction.
private struct ResamplingTaps {
  private static let bits = 22
  private var starts: [Int] = []
  private var weights: [[Int]] = []

  init(from old: Int, to new: Int, _ filter: ResamplingFilter) {
    let scale = Double(old) / Double(new)
    let stretch = max(scale, 1)
    let support = filter.support * stretch
    for index in 0..<new {
      let center = (Double(index) + 0.5) * scale
      let start = max(0, Int(center - support + 0.5))
      let end = min(old, Int(center + support + 0.5))
      let raw = (start..<max(start, end)).map { filter((Double($0) - center + 0.5) * (1 / stretch)) }
      let sum = raw.reduce(0, +)
      starts.append(start)
      weights.append(
        raw.map { weight in
          let scaled = (sum == 0 ? weight : weight / sum) * Double(1 << Self.bits)
          return Int(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
        })
    }
  }

  /// Convolves each line of pixels of three bytes.
  func applied(to bytes: [UInt8], lines: Int, line: Int, step: Int, result: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: lines * result) { output, count in
      bytes.withUnsafeBufferPointer { input in
        for index in starts.indices {
          let taps = weights[index]
          for row in 0..<lines {
            for channel in 0..<step {
              let first = row * line + starts[index] * step + channel
              var sum = 1 << (Self.bits - 1)
              for tap in taps.indices { sum += Int(input[first + tap * step]) * taps[tap] }
              output[row * result + index * step + channel] = Self.clipped(sum)
            }
          }
        }
      }
      count = lines * result
    }
  }

  /// Convolves all columns, one new row after another.
  func appliedToColumns(of bytes: [UInt8], row: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: starts.count * row) { output, count in
      bytes.withUnsafeBufferPointer { input in
        for index in starts.indices {
          let taps = weights[index]
          for column in 0..<row {
            var sum = 1 << (Self.bits - 1)
            for tap in taps.indices { sum += Int(input[(starts[index] + tap) * row + column]) * taps[tap] }
            output[index * row + column] = Self.clipped(sum)
          }
        }
      }
      count = starts.count * row
    }
  }

  private static func clipped(_ sum: Int) -> UInt8 { UInt8(max(0, min(255, sum >> bits))) }
}
