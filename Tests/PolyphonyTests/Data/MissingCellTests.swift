import Foundation
import Testing
import Torch

@testable import Polyphony

/// Missing cells count nowhere, and a model puts the mean of the training split in their place.
@Suite struct MissingCellTests {
  private static func modality(_ name: String, features: Int) -> Modality {
    var modality = Modality.vector(name, features: features)
    modality.missingCells = .mean
    return modality
  }

  private static func split(_ x: [Float], _ shape: [Int], presence: Tensor? = nil) -> UnlabelledSplit {
    UnlabelledSplit(name: "hand", inputs: Inputs([Tensor(x, shape: shape)], presence: presence))
  }

  @Test func statisticsIgnoreMissingCells() {
    let split = Self.split([1, 10, 3, .nan, .nan, 30, 5, 20], [4, 2])
    let statistics = FeatureStatistics.fit(split, modality: 0, kind: .vector)
    #expect(statistics.mean == [3, 20])
    #expect(abs(statistics.deviation[0] - (8.0 / 3).squareRoot()) < 1e-6)
    // A sample that lacks the modality does not count either, and a feature without numbers has no statistics.
    let absent = Self.split(
      [1, .nan, 3, .nan, 99, 99], [3, 2], presence: Tensor([true, true, false], shape: [3, 1]))
    let rest = FeatureStatistics.fit(absent, modality: 0, kind: .vector)
    #expect(rest.mean == [2, 0] && rest.deviation == [1, 1])
  }

  @Test func statisticsWithoutMissingCellsKeepTheirBits() {
    let x = Tensor.normal([50, 6], generator: Generator(seed: 2))
    let whole = FeatureStatistics.fit(UnlabelledSplit(name: "a", inputs: Inputs([x])), modality: 0, kind: .vector)
    let gap = Tensor.concatenated([x, .full([1, 6], .nan)], 0)
    let gaps = FeatureStatistics.fit(UnlabelledSplit(name: "a", inputs: Inputs([gap])), modality: 0, kind: .vector)
    #expect(zip(whole.mean, gaps.mean).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test func aMissingCellBecomesTheMean() {
    var configuration = ModelConfiguration(
      architecture: "late_fusion", modalities: [Self.modality("a", features: 2)], task: .init(kind: .regression))
    let split = Self.split([1, .nan, 3, 20], [2, 2])
    configuration.takeStatistics(of: split, configuration.modalities, standardizes: true)
    let standardised = InputNormalization(configuration)(split.inputs).modalities[0].floats
    #expect(standardised == [-1, 0, 1, 0])
    configuration.normalization = nil
    configuration.takeStatistics(of: split, configuration.modalities, standardizes: false)
    #expect(configuration.cellMeans == ["a": [2, 20]])
    #expect(InputNormalization(configuration)(split.inputs).modalities[0].floats == [1, 20, 3, 20])
  }

  @Test func theChoiceIsInTheModelsFile() throws {
    var configuration = ModelConfiguration(
      architecture: "late_fusion", modalities: [Self.modality("a", features: 2)], task: .init(kind: .regression))
    configuration.cellMeans = ["a": [2, 20]]
    let data = try JSONEncoder().encode(configuration)
    #expect(String(decoding: data, as: UTF8.self).contains("\"missing_cells\":\"mean\""))
    #expect(try JSONDecoder().decode(ModelConfiguration.self, from: data) == configuration)
    configuration.cellMeans = ["a": [2]]
    #expect(throws: Fault.self) { try configuration.validate() }
  }

  /// Writes a data set with a missing cell, and opens it.
  private func dataset(_ folder: String, isMarked: Bool) throws -> Dataset {
    let marked = Self.modality("a", features: 2)
    let description = DatasetDescription(
      name: "gaps", task: .init(kind: .regression),
      modalities: [isMarked ? marked : .vector("a", features: 2), .vector("b", features: 1)])
    let inputs = Inputs([
      Tensor([1, .nan, 3, 20, 5, 60] as [Float], shape: [3, 2]), Tensor([1, 2, 3] as [Float], shape: [3, 1]),
    ])
    let split = DatasetWriter.Split("train", inputs, target: Tensor([0, 1, 2] as [Float]), ids: [0, 1, 2])
    try DatasetWriter.write(description, [split], to: folder + "/gaps")
    return try Dataset(folder + "/gaps")
  }

  @Test func onlyMarkedModalitiesMayHaveThem() throws {
    try withTemporaryFolder { folder in
      let samples = try dataset(folder, isMarked: true).unlabelled("train")
      #expect(samples.inputs.modalities[0].floats[1].isNaN)
      let inspection = try DatasetInspection(try dataset(folder, isMarked: true))
      #expect(inspection.modalities.map(\.missingCells) == [1, 0])
      #expect(abs(inspection.modalities[0].mean - 89.0 / 5) < 1e-6)
      #expect(throws: Fault.self) { try dataset(folder, isMarked: false).unlabelled("train") }
    }
  }

  /// A model that was trained on data without missing cells fills them with its own means.
  @Test func aModelThatKnowsNoneFillsThem() throws {
    try withTemporaryFolder { folder in
      let data = try dataset(folder, isMarked: true)
      var configuration = ModelConfiguration(
        architecture: "late_fusion", modalities: [.vector("b", features: 1), .vector("a", features: 2)],
        task: .init(kind: .regression))
      #expect(throws: Fault.self) { try data.fitted(to: configuration) }
      configuration.normalization = [
        "a": .init(mean: [7, 8], deviation: [1, 1]), "b": .init(mean: [0], deviation: [1]),
      ]
      #expect(
        try data.fitted(to: configuration).unlabelled("train").inputs.modalities[1].floats == [1, 8, 3, 20, 5, 60])
    }
  }

  /// Samples with missing cells pass the check before adaptation, and shifts leave the other cells finite.
  @Test(arguments: [Shift.Kind.noise, .gain, .drop, .swap, .missing]) func shiftsCope(kind: Shift.Kind) throws {
    try withTemporaryFolder { folder in
      let data = try dataset(folder, isMarked: true)
      let shifted = try data.unlabelled("train", corruptedBy: try Shift(kind, severity: 3))
      for x in shifted.inputs.modalities { #expect(x.isFiniteExceptMissingCells) }
      var configuration = ModelConfiguration(
        architecture: "late_fusion", modalities: data.description.modalities, task: data.description.task, width: 8,
        heads: 2, layers: 1)
      configuration.takeStatistics(of: try data.unlabelled("train"), configuration.modalities, standardizes: true)
      try shifted.check(for: configuration)
      #expect(try MultimodalModel(configuration)(shifted.inputs).prediction.isFinite)
    }
  }
}
