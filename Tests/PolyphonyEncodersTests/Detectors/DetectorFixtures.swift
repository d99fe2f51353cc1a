import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyEncoders

/// The formulas of `Tools/make-detector-fixtures.py` once more, and its numbers.
enum DetectorFixtures {
  static let voiceShapes: [(String, [Int])] = [
    ("stft_conv.weight", [258, 1, 256]), ("conv1.weight", [128, 129, 3]), ("conv1.bias", [128]),
    ("conv2.weight", [64, 128, 3]), ("conv2.bias", [64]), ("conv3.weight", [64, 64, 3]), ("conv3.bias", [64]),
    ("conv4.weight", [128, 64, 3]), ("conv4.bias", [128]), ("lstm_cell.weight_ih", [512, 128]),
    ("lstm_cell.weight_hh", [512, 128]), ("lstm_cell.bias_ih", [512]), ("lstm_cell.bias_hh", [512]),
    ("final_conv.weight", [1, 128, 1]), ("final_conv.bias", [1]),
  ]

  static func reference() throws -> OrderedJSON {
    let path = try #require(Bundle.module.path(forResource: "detectors", ofType: "json", inDirectory: "Fixtures"))
    return try OrderedJSON(parsing: String(contentsOfFile: path, encoding: .utf8))
  }

  /// Numbers that look random, within 1.7 / √inputs for matrices and within 0.3 for vectors.
  static func weight(_ name: String, _ shape: [Int]) -> Tensor {
    let seed = name.utf8.reduce(0) { $0 + Int($1) }
    let scale = shape.count > 1 ? 1.7 / Double(shape.dropFirst().reduce(1, *)).squareRoot() : 0.3
    // The formula repeats after 1009 numbers.
    let period = (0..<1009).map { Float((Double(($0 * 7919 + seed * 104_729) % 1009) / 504 - 1) * scale) }
    let count = shape.reduce(1, *)
    let all = Array(repeating: period, count: count / 1009 + 1).joined().prefix(count)
    return Tensor(Array(all), shape: shape)
  }

  /// Makes a folder of a detector with weights by the formula.
  static func folder(
    _ family: DetectorFamily, _ settings: String, _ shapes: [(String, [Int])], in place: String
  ) throws -> DetectorFolder {
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    try "{\"model_type\": \"\(family.rawValue)\"\(settings)}".write(
      toFile: "\(place)/config.json", atomically: true, encoding: .utf8)
    try SafetensorsWriter.write(to: "\(place)/model.safetensors", shapes.map { .init($0, weight($0, $1)) })
    return try DetectorFolder(place)
  }

  /// The names and shapes of MTCNN's weights.
  static func faceShapes() -> [(String, [Int])] {
    [("pnet", FaceNetwork.proposal()), ("rnet", .refinement()), ("onet", .output())].flatMap { part, network in
      network.parameters().map { ("\(part).\($0.key)", $0.storage.tensor?.shape ?? []) }
    }
  }

  /// Pulses of a gliding pitch through three formants, four syllables a second.
  static func voice(_ count: Int) -> [Float] {
    let formants = [(700.0, 90.0, 1.0), (1220, 110, 0.5), (2600, 160, 0.25)]
    let loudness = (1..<30).map { k in
      formants.reduce(0.0) { $0 + $1.2 / (1 + pow((220 * Double(k) - $1.0) / $1.1, 2)) } / Double(k).squareRoot()
    }
    return (0..<count).map { index in
      let time = Double(index) / 16_000
      let phase = 2 * Double.pi * 220 * time + 8.8 * (1 - cos(2 * .pi * 2.5 * time))
      let sound = loudness.enumerated().reduce(0.0) { $0 + $1.element * sin(Double($1.offset + 1) * phase) }
      return Float(0.3 * sound * (0.5 - 0.5 * cos(8 * .pi * time)))
    }
  }

  /// A soft ellipse in units of a face's radius.
  private struct Part {
    let place: SIMD2<Double>
    let size: SIMD2<Double>
    let softness: Double
    let opacity: Double
    let colour: SIMD3<Double>

    init(
      _ place: SIMD2<Double>, _ size: SIMD2<Double>, _ colour: SIMD3<Double>, softness: Double = 0.15,
      opacity: Double = 1
    ) {
      (self.place, self.size, self.colour) = (place, size, colour)
      (self.softness, self.opacity) = (softness, opacity)
    }
  }

  private static let parts = [
    Part([0, -0.25], [0.95, 1.2], [50, 35, 25]),
    Part([0, 0], [0.8, 1.1], [215, 170, 140]),
    Part([-0.33, -0.33], [0.2, 0.05], [70, 45, 30]),
    Part([0.33, -0.33], [0.2, 0.05], [70, 45, 30]),
    Part([-0.33, -0.17], [0.16, 0.08], [240, 240, 240]),
    Part([0.33, -0.17], [0.16, 0.08], [240, 240, 240]),
    Part([-0.33, -0.17], [0.08, 0.08], [40, 30, 30]),
    Part([0.33, -0.17], [0.08, 0.08], [40, 30, 30]),
    Part([0, 0.1], [0.07, 0.25], [150, 100, 80], softness: 0.5, opacity: 0.4),
    Part([0, 0.22], [0.14, 0.06], [150, 95, 80], softness: 0.5, opacity: 0.6),
    Part([0, 0.5], [0.3, 0.09], [170, 80, 80]),
  ]

  /// Drawn faces, each of soft ellipses in units of its radius.
  static func drawing(_ width: Int, _ height: Int, _ centres: [(x: Double, y: Double, radius: Double)]) -> Picture {
    var bytes: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        var pixel: SIMD3<Double> = [90, 120, 150]
        for centre in centres {
          for part in parts {
            let place = SIMD2(Double(x), Double(y)) - [centre.x, centre.y] - part.place * centre.radius
            let share = place / (part.size * centre.radius)
            let distance = (share * share).sum()
            let mask = part.opacity / (1 + exp(min((distance - 1) / part.softness, 500)))
            pixel = pixel * (1 - mask) + part.colour * mask
          }
        }
        bytes += (0..<3).map { UInt8((pixel[$0] + 0.5).rounded(.down)) }
      }
    }
    return Picture(width: width, height: height, bytes: bytes)
  }
}
