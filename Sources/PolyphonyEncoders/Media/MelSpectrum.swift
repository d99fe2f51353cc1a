import Foundation
import Torch

/// Log-mel energies and cepstral coefficients of sound, in torchaudio's definitions.
///
/// Both stand on `torchaudio.transforms.MelSpectrogram(16000, n_fft=400, hop_length=160, n_mels=80)`: frames of 25 ms
/// every 10 ms under a periodic Hann window, centred with reflected ends, their power spectrum, and 80 triangles on the
/// HTK mel scale from 0 to 8000 Hz.
public enum MelSpectrum: String, CaseIterable, Sendable {
  /// The natural logarithm of the mel energies, at least 10⁻¹⁰: `[frames, 80]`.
  case logmel
  /// 20 coefficients of the discrete cosine transform (type II, orthonormal) of the energies in decibels, at most 80 dB
  /// below the loudest: `torchaudio.transforms.MFCC(16000, n_mfcc=20, melkwargs=…)`, `[frames, 20]`.
  case mfcc

  /// Samples per second.
  public static let rate = 16_000
  static let hop = 160
  private static let window = 400
  private static let bands = 80
  private static let coefficients = 20

  /// The numbers of a frame.
  public var width: Int { self == .logmel ? Self.bands : Self.coefficients }

  /// The definition in words, whose hash stands for the front end.
  var definition: String {
    "\(rawValue): rate \(Self.rate), window \(Self.window), hop \(Self.hop), bands \(Self.bands), width \(width), HTK, "
      + (self == .logmel ? "ln, floor 1e-10" : "dB, range 80, DCT-II orthonormal")
  }

  /// Computes the frames of sound at ``rate``. There is one more than whole hops.
  public func frames(of samples: [Float]) -> Tensor {
    let energies = Self.energies(samples)
    switch self {
    case .logmel: return energies.clamped(1e-10, nil).log().to(.float32)
    case .mfcc:
      let decibels = energies.clamped(1e-10, nil).log() * (10 / Foundation.log(10.0))
      let floor = decibels.maximum().item - 80
      return decibels.clamped(floor, nil).matmul(Self.cosines).to(.float32)
    }
  }

  /// The energies of the bands, `[frames, 80]` f64.
  private static func energies(_ samples: [Float]) -> Tensor {
    let half = window / 2
    let count = 1 + samples.count / hop
    let last = samples.count - 1
    /// The sample at a place, reflected at both ends. Sound shorter than the reflection is silent beyond it.
    func sample(_ place: Int) -> Double {
      let place = place < 0 ? -place : place > last ? 2 * last - place : place
      return samples.indices.contains(place) ? Double(samples[place]) : 0
    }
    var frames = [Double](repeating: 0, count: count * window)
    for frame in 0..<count {
      let start = frame * hop - half
      for index in 0..<window { frames[frame * window + index] = sample(start + index) * hann[index] }
    }
    let input = Tensor(frames, shape: [count, window])
    let (real, imaginary) = (input.matmul(fourier.real), input.matmul(fourier.imaginary))
    return (real * real + imaginary * imaginary).matmul(triangles)
  }

  private static let hann = (0..<window).map { 0.5 - 0.5 * cos(2 * .pi * Double($0) / Double(window)) }

  /// The real and imaginary parts of the Fourier transform of a frame, `[400, 201]` each.
  private static let fourier = FixedMatrices()

  private struct FixedMatrices: @unchecked Sendable {
    let real = matrix(window, window / 2 + 1) { cos(2 * .pi * Double($0 * $1 % window) / Double(window)) }
    let imaginary = matrix(window, window / 2 + 1) { sin(2 * .pi * Double($0 * $1 % window) / Double(window)) }
    let triangles = matrix(window / 2 + 1, bands) { bin, band in
      let frequency = Double(bin) * Double(rate) / Double(window)
      let edges = (0...2).map { hertz(Double(band + $0) * mel(Double(rate) / 2) / Double(bands + 1)) }
      return max(0, min((frequency - edges[0]) / (edges[1] - edges[0]), (edges[2] - frequency) / (edges[2] - edges[1])))
    }
    let cosines = matrix(bands, coefficients) { band, coefficient in
      let scale = (coefficient == 0 ? 1 / 2.0.squareRoot() : 1) * (2 / Double(bands)).squareRoot()
      return scale * cos(.pi / Double(bands) * (Double(band) + 0.5) * Double(coefficient))
    }
  }

  private static var triangles: Tensor { fourier.triangles }
  private static var cosines: Tensor { fourier.cosines }

  private static func mel(_ hertz: Double) -> Double { 2595 * log10(1 + hertz / 700) }
  private static func hertz(_ mel: Double) -> Double { 700 * (pow(10, mel / 2595) - 1) }

  private static func matrix(_ rows: Int, _ columns: Int, _ value: (Int, Int) -> Double) -> Tensor {
    Tensor((0..<rows).flatMap { row in (0..<columns).map { value(row, $0) } }, shape: [rows, columns])
  }
}
