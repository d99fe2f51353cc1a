import Testing
import Torch

@testable import Polyphony
@testable import PolyphonySupport

/// The contributions of the modalities, and the quality of their encoders.
@Suite struct ContributionTests {
  func trained(_ kind: PredictionTask.Kind, modalities: Int) throws -> (MultimodalModel, LabelledSplit) {
    let configuration = Tiny.configuration("late_fusion", kind, modalities: modalities)
    let split = try Tiny.split(configuration, count: 40)
    let model = try Tiny.model(configuration)
    var settings = Tiny.settings(epochs: 6)
    settings.learningRate = 5e-3
    _ = try Trainer(model, training: split, validation: split, settings: settings, seed: 0).run()
    return (model, split)
  }

  @Test(arguments: [PredictionTask.Kind.classification, .regression], [1, 3])
  func shapleyValuesAddUp(kind: PredictionTask.Kind, count: Int) throws {
    let (model, split) = try trained(kind, modalities: count)
    let contributions = try ModalityContributions.measure(model, split)
    #expect(contributions.isExact && contributions.rows.count == count)
    let (all, none) = (try #require(contributions.all), try #require(contributions.none))
    let sign = kind == .regression ? -1.0 : 1.0
    let sum = contributions.rows.reduce(0) { $0 + $1.shapley }
    #expect(abs(sum - sign * (all - none)) < 1e-9)
    let metrics = try model.evaluate(split).metrics
    #expect(all == metrics[kind == .regression ? "mae" : "accuracy"])
    let alone = contributions.rows.compactMap(\.alone)
    #expect(contributions.gap == alone.max()! - alone.min()!)
    if count == 1 { #expect(contributions.rows[0].alone == all && contributions.rows[0].without == none) }
  }

  @Test func metricsPerModalityAreThoseOfTheirMeasures() throws {
    let (model, split) = try trained(.classification, modalities: 2)
    let metrics = try PerModalityMetrics.measure(model, split, training: split)
    let contributions = try ModalityContributions.measure(model, split)
    let probes = try LinearProbe.scores(model, training: split, test: split)
    #expect(metrics["modality_gap"] == contributions.gap)
    for (row, probe) in zip(contributions.rows, probes) {
      #expect(metrics["\(row.modality)/alone"] == row.alone && metrics["\(row.modality)/without"] == row.without)
      #expect(metrics["\(row.modality)/shapley"] == row.shapley)
      #expect(metrics["\(row.modality)/probe"] == probe.metrics["accuracy"])
    }
  }

  @Test func equityAndImbalance() throws {
    #expect(abs(try #require(PerModalityMetrics.evenness([2, 2, 2])) - 1) < 1e-12)
    #expect(PerModalityMetrics.evenness([0.4, 0, -0.1]) == 0)
    let even = try #require(PerModalityMetrics.evenness([3, 1]))
    #expect(abs(even - 0.811_278_124) < 1e-8, "the entropy of 3/4 and 1/4 in bits")
    #expect(PerModalityMetrics.evenness([1]) == nil && PerModalityMetrics.evenness([-1, -2]) == nil)
    #expect(PerModalityMetrics.variation([1, 3]) == 0.5 && PerModalityMetrics.variation([2, 2]) == 0)
    #expect(PerModalityMetrics.variation([1]) == nil && PerModalityMetrics.variation([0, 0]) == nil)
    let (model, split) = try trained(.regression, modalities: 2)
    let metrics = try PerModalityMetrics.measure(model, split, training: split)
    let shapley = try ModalityContributions.measure(model, split).rows.map(\.shapley)
    #expect(metrics["modality_equity"] == PerModalityMetrics.evenness(shapley))
    // The gradient of one batch by a full backward pass.
    let batch = split.batch(Array(0..<split.count))
    for (_, stored) in model.trainableParameters() { stored.tensor?.gradient?.fillInPlace(0) }
    model.evaluating { TaskLoss(model.configuration.task)(model(batch.inputs).prediction, batch.target).backward() }
    let sizes = (0..<2).map { index in
      let prefixes = model.backbone.encoderPrefixes(index)
      let own = model.trainableParameters().filter { entry in prefixes.contains { entry.key.hasPrefix($0) } }
      let squares = own.reduce(0.0) { $0 + ($1.storage.tensor?.gradient?.squared().sum().item ?? 0) }
      return (squares / Double(own.reduce(0) { $0 + $1.storage.tensor!.count })).squareRoot()
    }
    for (name, size) in zip(["m0", "m1"], sizes) {
      #expect(abs(try #require(metrics["\(name)/gradient"]) - size) < 1e-5 * size, "\(name)")
    }
    #expect(abs(try #require(metrics["gradient_imbalance"]) - PerModalityMetrics.variation(sizes)!) < 1e-5)
  }

  @Test func aFrozenModelHasNoGradients() throws {
    let (model, split) = try trained(.regression, modalities: 2)
    model.backbone.freeze()
    let metrics = try PerModalityMetrics.measure(model, split, training: split)
    #expect(metrics.contains("gradient_imbalance") && metrics["gradient_imbalance"] == nil)
    #expect(metrics["m0/gradient"] == nil)
  }

  @Test func manyModalitiesAreSampled() throws {
    let (model, split) = try trained(.classification, modalities: 7)
    let contributions = try ModalityContributions.measure(model, split, orders: 3)
    #expect(!contributions.isExact)
    let sum = contributions.rows.reduce(0) { $0 + $1.shapley }
    let (all, none) = (try #require(contributions.all), try #require(contributions.none))
    #expect(abs(sum - (all - none)) < 1e-9, "every order adds up")
    #expect(contributions.rows.allSatisfy { $0.error != nil })
    #expect(throws: Fault.self) { try ModalityContributions.measure(model, split, metric: "mae") }
  }

  @Test func segmentationHasContributionsAndNoProbe() throws {
    let configuration = Tiny.configuration("deeplab_v3plus", .segmentation, modalities: 2)
    let split = try Tiny.split(configuration, count: 4)
    let model = try Tiny.model(configuration)
    let contributions = try ModalityContributions.measure(model, split)
    #expect(contributions.metric == "dice" && contributions.rows.count == 2)
    #expect(throws: Fault.self) { try LinearProbe.scores(model, training: split, test: split) }
  }

  @Test(arguments: [PredictionTask.Kind.classification, .regression])
  func theProbeReadsWhatIsThere(kind: PredictionTask.Kind) throws {
    let configuration = Tiny.configuration("late_fusion", kind)
    let model = try Tiny.model(configuration)
    let training = try Tiny.split(configuration, count: 200, seed: 1)
    let test = try Tiny.split(configuration, count: 100, seed: 2)
    let rows = try LinearProbe.scores(model, training: training, test: test)
    #expect(rows.map(\.modality) == ["m0", "m1", "m2"])
    // The first modality has the target with the least noise.
    if kind == .classification {
      let accuracy = try rows.map { try #require($0.metrics["accuracy"]) }
      #expect(accuracy[0] > 0.6 && accuracy[0] > accuracy[2])
    } else {
      let error = try rows.map { try #require($0.metrics["mae"]) }
      #expect(error[0] < error[2])
    }
  }
}
