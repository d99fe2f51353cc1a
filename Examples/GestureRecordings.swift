import Foundation
import Polyphony
import Torch

/// A data set of one's own, written from Swift and read back: gestures seen by a motion sensor and by a force plate.
///
/// A formula takes the place of sensors: gesture c is an oscillation of frequency c + 1 in the motion, and a
/// mean force of c/2. Some recordings are shorter than others, and some lack the force plate.
public struct GestureRecordings {
  /// Steps of the longest recording.
  static let length = 12
  /// The gestures.
  static let gestures = ["rest", "wave", "push"]

  /// The content of the folder and its form.
  public static let description = DatasetDescription(
    name: "gestures",
    task: PredictionTask(kind: .classification, classes: gestures.count, labels: gestures),
    modalities: [.sequence("motion", features: 3, length: length), .vector("force", features: 2)],
    source: "made by a formula; public domain")

  /// Recordings of one split: their numbers in the order of the description, and which gesture each is.
  public static func split(_ name: String, count: Int, seed: UInt64) -> DatasetWriter.Split {
    var generator = SeededNoise(state: seed)
    var motion: [Float] = []
    var force: [Float] = []
    var lengths: [Int] = []
    var presence: [Int] = []
    var target: [Int] = []
    var ids: [Int] = []
    for row in 0..<count {
      let gesture = row % gestures.count
      let steps = length - row % 4
      for step in 0..<length {
        for axis in 0..<3 {
          let phase = Double(step * (gesture + 1)) / 2 + Double(axis)
          // Behind the recording's end stands padding; no model ever sees it.
          motion.append(step < steps ? Float(sin(phase) + 0.3 * generator.next()) : 0)
        }
      }
      let hasForce = row % 5 != 0
      force += (0..<2).map { _ in hasForce ? Float(Double(gesture) / 2 + 0.5 * generator.next()) : 0 }
      presence += [1, hasForce ? 1 : 0]
      lengths.append(steps)
      target.append(gesture)
      // No recording may stand in two splits.
      ids.append(Int(seed) * 1000 + row)
    }
    let inputs = Inputs(
      [Tensor(motion, shape: [count, length, 3]), Tensor(force, shape: [count, 2])],
      lengths: [Tensor(lengths), nil], presence: Tensor(presence, shape: [count, 2]))
    return DatasetWriter.Split(name, inputs, target: Tensor(target), ids: ids)
  }

  /// Writes the folder; it appears whole or not at all.
  public static func write(to folder: String) throws(Fault) {
    let splits = [
      split("train", count: 240, seed: 1), split("valid", count: 60, seed: 2), split("test", count: 60, seed: 3),
    ]
    try DatasetWriter.write(description, splits, to: folder)
  }

  /// Reads a split back: every hash, name, shape, value and label is checked on the way.
  public static func read(_ folder: String) throws(Fault) -> LabelledSplit {
    try Dataset(folder).labelled("train")
  }
}

/// Noise between −1 and 1 that follows from a seed (Knuth's MMIX generator).
struct SeededNoise {
  var state: UInt64

  mutating func next() -> Double {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Double(state >> 11) / 0x1p52 - 1
  }
}
