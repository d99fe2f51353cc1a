import Foundation
import Polyphony
import Testing
import Torch

/// What users get wrong about several targets and labels.
extension BadInputTests {
  /// Gives the data set another task, and each split targets of three columns.
  private static func outputs(
    _ task: String, _ target: @escaping @Sendable (Int) -> Tensor = { .zeros([$0, 3]) }
  ) -> @Sendable (BrokenData) throws -> Void {
    { data in
      try data.describe { text in
        let range = text.range(of: #""task" : \{[^}]*\}"#, options: .regularExpression)
        return range.map { text.replacingCharacters(in: $0, with: "\"task\" : {\(task)}") } ?? text
      }
      for split in ["train", "valid", "test"] { try data.edit(split) { $0.tensors["target"] = target($0.count) } }
    }
  }

  private static let three = #""kind": "regression", "targets": ["calm", "loud", "fast"]"#
  private static let labels = #""kind": "multilabel", "classes": 3, "labels": ["calm", "loud", "fast"]"#

  private static func filled(_ value: Double) -> @Sendable (Int) -> Tensor {
    { count in
      let target = Tensor.zeros([count, 3])
      target.reshaped(-1).slice(0, 4, 5).fillInPlace(value)
      return target
    }
  }

  static let severalOutputs: [Case] = [
    Case(
      name: "one name for a target", code: 65, mentions: ["task.targets", "calm", "2 or more names"],
      breaking: outputs(#""kind": "regression", "targets": ["calm"]"#)),
    Case(
      name: "a target named twice", code: 65, mentions: ["task.targets", "calm twice"],
      breaking: outputs(#""kind": "regression", "targets": ["calm", "calm"]"#)),
    Case(
      name: "targets of a classification", code: 65, mentions: ["task.targets", "only a regression"],
      breaking: outputs(#""kind": "classification", "classes": 2, "targets": ["a", "b"]"#)),
    Case(
      name: "targets of another width", code: 65, mentions: ["target", "3]", "2 targets"],
      breaking: outputs(#""kind": "regression", "targets": ["calm", "loud"]"#)),
    Case(
      name: "NaN in one of several targets", code: 65, mentions: ["nan for loud in sample 1"],
      breaking: outputs(three, filled(.nan))),
    Case(
      name: "a target beyond the range of all", code: 65, mentions: ["target", "9.0", "-3.0 to 3.0"],
      breaking: outputs(three + #", "range": [-3, 3]"#, filled(9))),
    Case(
      name: "a label that is neither 0 nor 1", code: 65, mentions: ["0.5 for loud in sample 1", "0 or 1"],
      breaking: outputs(labels, filled(0.5))),
    Case(
      name: "labels without their number", code: 65, mentions: ["task.classes", "2 to 1048576"],
      breaking: outputs(#""kind": "multilabel""#)),
    Case(
      name: "a strategy without a form for several targets", code: 64,
      mentions: ["balance.pmr", "pmr for regression, 3 targets", "cggm"], breaking: outputs(three),
      arguments: [
        "train", "--data", "DATA", "--output", "OUT", "--balance", "pmr", "--set", "training.epochs=1",
      ]),
    Case(
      name: "balanced weights of several targets", code: 64, mentions: ["training.class_weights", "regression"],
      breaking: outputs(three),
      arguments: [
        "train", "--data", "DATA", "--output", "OUT", "--set", "training.epochs=1", "--set",
        "training.class_weights=balanced",
      ]),
    Case(
      name: "balanced weights of a label that nothing has", code: 64,
      mentions: ["training.class_weights", "no training sample has calm", "calm, loud, fast"],
      breaking: outputs(labels),
      arguments: [
        "train", "--data", "DATA", "--output", "OUT", "--set", "training.epochs=1", "--set",
        "training.class_weights=balanced",
      ]),
    Case(
      name: "several targets for a model of one", code: 65,
      mentions: ["another task", "regression, 3 targets", "expected: regression"], breaking: outputs(three),
      arguments: ["evaluate", "--model", "MODEL", "--data", "DATA"]),
  ]
}
