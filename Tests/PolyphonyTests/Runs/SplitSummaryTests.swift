import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonySupport

/// `environment.json` has the size, the balance and the constant answer of every split.
@Suite struct SplitSummaryTests {
  private static func split(_ name: String, _ target: Tensor) -> DatasetWriter.Split {
    let count = target.shape[0]
    return .init(name, Inputs([.zeros([count, 2])]), target: target)
  }

  private func environment(_ task: PredictionTask, _ targets: [(String, Tensor)], _ folder: String) throws
    -> RunEnvironment
  {
    try Libtorch.load()
    let description = DatasetDescription(
      name: "made", task: task, modalities: [.vector("a", features: 2)])
    try DatasetWriter.write(description, targets.map { Self.split($0, $1) }, to: "\(folder)/data")
    try RunEnvironment(data: ["\(folder)/data"]).write(to: folder)
    return try #require(RunEnvironment(folder: folder))
  }

  @Test func classesAreCounted() throws {
    try withTemporaryFolder { folder in
      let task = PredictionTask(kind: .classification, classes: 3, labels: ["x", "y", "z"])
      let found = try environment(
        task, [("test", Tensor([0, 1, 1, 2])), ("train", Tensor([1, 1, 1, 0, 2])), ("valid", Tensor([0, 0]))], folder)
      let splits = try #require(found.data.first?.splits)
      #expect(splits.map(\.name) == ["train", "valid", "test"] && found.data.first?.labels == ["x", "y", "z"])
      #expect(splits.map(\.classes) == [[1, 3, 1], [2, 0, 0], [1, 2, 1]] && splits.map(\.samples) == [5, 2, 4])
      // The constant answer is the class y, the most frequent one of the training split.
      #expect(splits.map { $0.constant["accuracy"] } == [0.6, 0, 0.5])
    }
  }

  @Test func valuesHaveMeanAndDeviation() throws {
    try withTemporaryFolder { folder in
      func values(_ values: [Float]) -> Tensor { Tensor(values).reshaped(values.count, 1) }
      let found = try environment(
        PredictionTask(kind: .regression),
        [("train", values([1, 3])), ("valid", values([2])), ("test", values([0, 4, 2, 6]))], folder)
      let splits = try #require(found.data.first?.splits)
      #expect(splits.map(\.mean) == [2, 2, 3] && splits[0].deviation == 1 && splits[0].classes.isEmpty)
      // The constant answer is 2: errors of 2, 2, 0 and 4 on the test split.
      #expect(splits[2].constant["mae"] == 2)
    }
  }
}
