import Foundation

extension Sound {
  /// Returns the sound at another rate.
  ///
  /// This is torchaudio's `resample`: a sinc filter of width 6 under a Hann window, with the cut at 0.99 of the lower
  /// Nyquist frequency.
  public func resampled(to rate: Int) -> Sound {
    guard rate != self.rate, !samples.isEmpty else { return Sound(samples: samples, rate: rate) }
    let divisor = Self.divisor(self.rate, rate)
    let (old, new) = (self.rate / divisor, rate / divisor)
    let base = Double(min(old, new)) * 0.99
    let zeros = 6.0
    let width = Int((zeros * Double(old) / base).rounded(.up))
    let count = Int((Double(new) * Double(samples.count) / Double(old)).rounded(.up))
    var result = [Float](repeating: 0, count: count)
    // One filter for each place of a new sample between the old ones.
    let taps = 2 * width + old
    var filters: [[Float]] = []
    for phase in 0..<min(new, count) {
      filters.append(
        (0..<taps).map { tap in
          var time = (Double(tap - width) / Double(old) - Double(phase) / Double(new)) * base
          time = min(max(time, -zeros), zeros)
          let window = pow(cos(time * .pi / zeros / 2), 2)
          let angle = time * .pi
          return Float((angle == 0 ? 1 : sin(angle) / angle) * window * base / Double(old))
        })
    }
    for index in 0..<count {
      let start = index / new * old - width
      let filter = filters[index % new]
      var sum: Float = 0
      for tap in max(0, -start)..<max(max(0, -start), min(taps, samples.count - start)) where filter[tap] != 0 {
        sum += samples[start + tap] * filter[tap]
      }
      result[index] = sum
    }
    return Sound(samples: result, rate: rate)
  }

  private static func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : divisor(b, a % b) }
}
