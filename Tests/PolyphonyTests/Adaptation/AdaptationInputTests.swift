import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Targets of every kind: tiny, constant, incomplete or broken. Labels must have no influence.
@Suite struct AdaptationInputTests {
  @Test(arguments: AdaptationMethods.names, [false, true]) func oneSampleIsEnough(method: String, isOnline: Bool) throws
  {
    for kind in [PredictionTask.Kind.regression, .classification] {
      var adapting = Adapting.named(method, online: isOnline)
      (adapting.count, adapting.kind) = (1, kind)
      let (model, outcome) = try adapting.run()
      #expect(outcome.prediction.size(0) == 1 && outcome.prediction.isFinite && Tiny.isFinite(model))
    }
  }

  @Test(arguments: AdaptationMethods.names, [false, true]) func samplesThatAreAllAlike(method: String, isOnline: Bool)
    throws
  {
    for kind in [PredictionTask.Kind.regression, .classification] {
      var adapting = Adapting.named(method, online: isOnline)
      adapting.kind = kind
      let inputs = adapting.samples().inputs
      let alike = Inputs(inputs.modalities.map { $0[0..<1].expanded(20, -1, -1).contiguous() })
      let (model, outcome) = try adapting.run(UnlabelledSplit(name: "alike", inputs: alike))
      #expect(outcome.prediction.isFinite && Tiny.isFinite(model))
    }
  }

  @Test(arguments: ["late_fusion", "early_fusion", "encoder_fusion", "mult"], [false, true])
  func modalitiesMayBeMissingAndSequencesPadded(architecture: String, isOnline: Bool) throws {
    var adapting = Adapting.named("casp", online: isOnline)
    adapting.architecture = architecture
    var inputs = adapting.samples().inputs
    inputs.presence = Tensor((0..<60).map { $0 % 4 != 1 || $0 % 3 == 0 }, shape: [20, 3])
    inputs.lengths[0] = Tensor((0..<20).map { 1 + $0 % 4 })
    let (model, outcome) = try adapting.run(UnlabelledSplit(name: "incomplete", inputs: inputs))
    #expect(outcome.prediction.isFinite && Tiny.isFinite(model))
    // The content of a missing modality must have no influence.
    var other = inputs
    other.modalities[1] = inputs.modalities[1].selected(
      where: inputs.presence!.select(1, 1).reshaped(20, 1, 1), otherwise: Tensor.full([20, 1, 1], 7))
    let (again, _) = try adapting.run(UnlabelledSplit(name: "incomplete", inputs: other))
    #expect(bytes(again) == bytes(model))
  }

  @Test func labelsDoNotMatter() throws {
    let adapting = Adapting.named("casp")
    let configuration = adapting.configuration
    let batch = Tiny.batch(configuration, count: 20)
    let description = DatasetDescription(
      name: "target", task: configuration.task, modalities: configuration.modalities)
    let order = Tensor(Generator(seed: 2).permutation(20))
    let ends = try [batch.target, batch.target.rows(order), nil].map { target in
      try withTemporaryFolder { folder in
        try DatasetWriter.write(description, [.init("train", batch.inputs, target: target)], to: folder + "/data")
        let (model, outcome) = try adapting.run(try Dataset(folder + "/data").unlabelled("train"))
        return (bytes(model), outcome.prediction.floats)
      }
    }
    #expect(ends[0].0 == ends[1].0 && ends[0].0 == ends[2].0, "permuted or absent: the same bits")
    #expect(ends[0].1 == ends[1].1 && ends[0].1 == ends[2].1)
    #expect(ends[0].0 != bytes(try adapting.model()), "and something was learned")
  }

  @Test func brokenSamplesAreFaults() throws {
    let adapting = Adapting.named("casp")
    func fault(_ change: (inout Inputs) -> Void) throws -> Fault? {
      var inputs = adapting.samples().inputs
      change(&inputs)
      return #expect(throws: Fault.self) { try adapting.run(UnlabelledSplit(name: "broken", inputs: inputs)) }
    }
    let nan = try fault { $0.modalities[1] = $0.modalities[1] * .nan }
    #expect(nan?.kind == .badData && nan?.key == "m1")
    let infinite = try fault { $0.modalities[2] = $0.modalities[2] / 0.0 }
    #expect(infinite?.kind == .badData)
    let fewer = try fault {
      $0.modalities.removeLast()
      $0.lengths.removeLast()
    }
    #expect(fewer?.kind == .badData && fewer?.found == "2 modalities")
    let wider = try fault { $0.modalities[0] = .zeros([20, 4, 9]) }
    #expect(wider?.kind == .badData && wider?.key == "m0")
    let empty = try fault { $0 = $0.rows(Tensor([Int]())) }
    #expect(empty?.kind == .badData)
  }

  @Test func dataWithoutAModalityOfTheModelIsAFault() throws {
    let adapting = Adapting.named("casp")
    var configuration = adapting.configuration
    let batch = Tiny.batch(configuration, count: 6)
    try withTemporaryFolder { folder in
      let description = DatasetDescription(
        name: "target", task: configuration.task, modalities: configuration.modalities)
      try DatasetWriter.write(description, [.init("train", batch.inputs)], to: folder + "/data")
      configuration.modalities[0].name = "radar"
      let fault = #expect(throws: Fault.self) { try Dataset(folder + "/data").fitted(to: configuration) }
      #expect(fault?.expected == "radar")
    }
  }

  @Test(arguments: [
    ("casp", "share: 2", "share"), ("casp", "temprature: 1", "temprature"), ("tent", "epochs: 0", "epochs"),
    ("casp", "contrast_epochs: 2", "snapshot_interval"), ("casp", "guard: {max_drif: 1}", "guard.max_drif"),
    ("mean-teacher", "targets: none", "targets"),
  ]) func settingsThatMakeNoSense(method: String, settings: String, key: String) throws {
    var adapting = Adapting()
    (adapting.method, adapting.settings) = (method, settings)
    let fault = #expect(throws: Fault.self) { try adapting.makeMethod() }
    #expect(fault?.kind == .usage && fault?.key == key)
  }

  @Test func anUnknownMethodGetsASuggestion() {
    let fault = #expect(throws: Fault.self) { try AdaptationMethods.maker("tnet") }
    #expect(fault?.remedy?.contains("tent") == true)
  }
}
