import Foundation
import Polyphony
import Torch

/// Detectors whose weights are chosen by hand, so that it is known what they find.
enum SmallDetector {
  /// A voice detector that takes a tone of 1800 Hz for speech.
  static func voice(in folder: String, threshold: Double = 0.5) throws {
    let wave = { (shift: Double) in
      (0..<256).map { step -> Float in
        let window = 0.5 - 0.5 * cos(2 * .pi * Double(step) / 256)
        return Float(window * cos(2 * .pi * 1800 * Double(step) / 16_000 + shift) / 17)
      }
    }
    let sine = Dictionary(uniqueKeysWithValues: wave(.pi / 2).enumerated().map { (129 * 256 + $0.offset, $0.element) })
    let spectrum = Dictionary(uniqueKeysWithValues: wave(0).enumerated().map { ($0.offset, $0.element) })
    try write(
      [
        ("stft_conv.weight", [258, 1, 256], spectrum.merging(sine) { $1 }),
        // The magnitude of that tone goes through as it is.
        ("conv1.weight", [128, 129, 3], [1: 1]), ("conv1.bias", [128], [:]), ("conv2.weight", [64, 128, 3], [1: 1]),
        ("conv2.bias", [64], [:]), ("conv3.weight", [64, 64, 3], [1: 1]), ("conv3.bias", [64], [:]),
        ("conv4.weight", [128, 64, 3], [1: 1]), ("conv4.bias", [128], [:]),
        // The gates of input and output are open, and that of memory is shut.
        ("lstm_cell.weight_ih", [512, 128], [256 * 128: 5]), ("lstm_cell.weight_hh", [512, 128], [:]),
        ("lstm_cell.bias_ih", [512], [0: 10, 128: -10, 384: 10]), ("lstm_cell.bias_hh", [512], [:]),
        ("final_conv.weight", [1, 128, 1], [0: 20]), ("final_conv.bias", [1], [0: -8]),
      ], "{\"model_type\": \"silero_vad\", \"threshold\": \(threshold)}", to: folder)
  }

  /// A face detector that takes bright places for faces: every layer is a mean.
  static func faces(in folder: String) throws {
    var tensors: [(String, [Int], [Int: Float])] = []
    let parts: [(name: String, convolutions: [[Int]], dense: (places: Int, outputs: Int)?)] = [
      ("pnet", [[10, 3, 3], [16, 10, 3], [32, 16, 3]], nil),
      ("rnet", [[28, 3, 3], [48, 28, 3], [64, 48, 2]], (9, 128)),
      ("onet", [[32, 3, 3], [64, 32, 3], [64, 64, 3], [128, 64, 2]], (9, 256)),
    ]
    for (part, convolutions, dense) in parts {
      func slope(_ number: Int, _ channels: Int) {
        let ones = Dictionary(uniqueKeysWithValues: (0..<channels).map { ($0, Float(1)) })
        tensors.append(("\(part).prelu\(number).weight", [channels], ones))
      }
      for (index, size) in convolutions.enumerated() {
        let area = size[2] * size[2] * (index == 0 ? 3 : 1)
        let mean = Dictionary(uniqueKeysWithValues: (0..<area).map { ($0, 1 / Float(area)) })
        tensors.append(("\(part).conv\(index + 1).weight", [size[0], size[1], size[2], size[2]], mean))
        tensors.append(("\(part).conv\(index + 1).bias", [size[0]], [:]))
        slope(index + 1, size[0])
      }
      var width = convolutions[convolutions.count - 1][0]
      var layer = convolutions.count + 1
      if let dense {
        let mean = Dictionary(uniqueKeysWithValues: (0..<dense.places).map { ($0 * width, 1 / Float(dense.places)) })
        tensors.append(("\(part).dense\(layer).weight", [dense.outputs, dense.places * width], mean))
        tensors.append(("\(part).dense\(layer).bias", [dense.outputs], [:]))
        slope(layer, dense.outputs)
        width = dense.outputs
        layer += 1
      }
      let head = "\(part).\(dense == nil ? "conv" : "dense")\(layer)"
      let ending = dense == nil ? [1, 1] : []
      tensors += [
        ("\(head)_1.weight", [2, width] + ending, [width: 20]), ("\(head)_1.bias", [2], [1: -10]),
        ("\(head)_2.weight", [4, width] + ending, [:]), ("\(head)_2.bias", [4], [:]),
      ]
    }
    try write(tensors, "{\"model_type\": \"mtcnn\"}", to: folder)
  }

  /// Writes tensors of zeros with a few other numbers.
  private static func write(
    _ tensors: [(String, [Int], [Int: Float])], _ configuration: String, to folder: String
  ) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try configuration.write(toFile: "\(folder)/config.json", atomically: true, encoding: .utf8)
    let items = tensors.map { name, shape, numbers in
      var values = [Float](repeating: 0, count: shape.reduce(1, *))
      for (place, number) in numbers { values[place] = number }
      return SafetensorsWriter.Item(name, Tensor(values, shape: shape))
    }
    try SafetensorsWriter.write(to: "\(folder)/model.safetensors", items)
  }
}
