import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Several adapters share one base, can be merged, and refuse wrong uses.
@Suite struct AdapterSwitchingTests {
  /// Writes a base folder from golden weights, and trained adapters beside it.
  private func prepare(_ backbone: String, _ cases: [TuningCase], in folder: String) throws -> (String, [String]) {
    let golden = try Golden(backbone)
    let base = folder + "/base"
    try ModelFolder.write(golden.model().backbone, to: base)
    return (
      base,
      try cases.enumerated().map { index, tuning in
        let (installation, description) = try ModelWithAdapter(base).install(
          tuning.method, settings: try tuning.tree, seed: UInt64(index))
        try train(installation.model, golden, steps: 2)
        let path = "\(folder)/adapter\(index)"
        try AdapterFolder.write(installation, description, to: path)
        return path
      }
    )
  }

  @Test(arguments: TuningCase.backbones) func adaptersShareOneBase(backbone: String) throws {
    let golden = try Golden(backbone)
    let inputs = try golden.inputs
    try withTemporaryFolder { folder in
      let (base, paths) = try prepare(backbone, TuningCase.all, in: folder)
      let set = try AdapterSet(base: base)
      set.model.train(false)
      let own = set.model(inputs).prediction.floats
      let tensors = bytes(set.model)
      for (index, path) in paths.enumerated() { try set.add(path, as: "\(index)") }
      #expect(set.names.count == paths.count)
      #expect(set.active == nil)
      #expect(set.model(inputs).prediction.floats == own, "all loaded, none active")
      var predictions: [[Float]] = []
      for (index, path) in paths.enumerated() {
        try set.activate("\(index)")
        let alone = try ModelFolder.read(base)
        alone.train(false)
        try AdapterFolder.attach(path, to: alone, base: base)
        predictions.append(set.model(inputs).prediction.floats)
        #expect(predictions[index] == alone(inputs).prediction.floats, "\(TuningCase.all[index]) in company")
      }
      for index in paths.indices.reversed() {
        try set.activate("\(index)")
        #expect(set.model(inputs).prediction.floats == predictions[index], "\(TuningCase.all[index]) again")
      }
      set.deactivate()
      #expect(set.active == nil)
      #expect(set.model(inputs).prediction.floats == own, "all switched off")
      #expect(bytes(set.model) == tensors)
      expectClose(set.model(inputs).prediction, try golden.tensor("prediction"), 1e-5, "golden data")
    }
  }

  @Test(arguments: TuningCase.backbones) func mergedEqualsUnmerged(backbone: String) throws {
    let golden = try Golden(backbone)
    let cases = TuningCase.all.filter { ["full", "head", "bitfit", "lora", "ia3"].contains($0.method) }
    try withTemporaryFolder { folder in
      let (base, paths) = try prepare(backbone, cases, in: folder)
      let fingerprint = try ModelFolder.fingerprint(base)
      for (tuning, path) in zip(cases, paths) {
        let model = try ModelFolder.read(base)
        try AdapterFolder.attach(path, to: model, base: base)
        try AdapterFolder.merge(path, base: base, to: folder + "/merged")
        let merged = try ModelFolder.read(folder + "/merged")
        #expect(merged.backbone.storage().allSatisfy { $0.storage.reparametrization == nil })
        expectClose(
          merged(try golden.inputs).prediction, model(try golden.inputs).prediction, 1e-6, "\(tuning) merged")
        #expect(
          merged(try golden.inputs).prediction.floats
            != (try ModelFolder.read(base))(try golden.inputs).prediction.floats)
      }
      #expect(try ModelFolder.fingerprint(base) == fingerprint)
    }
  }

  @Test func whatComputesMoreIsNotMerged() throws {
    let cases = TuningCase.all.filter { !["full", "head", "bitfit", "lora", "ia3"].contains($0.method) }
    try withTemporaryFolder { folder in
      let (base, paths) = try prepare("late_fusion", cases, in: folder)
      for (tuning, path) in zip(cases, paths) {
        let fault = #expect(throws: Fault.self) {
          try AdapterFolder.merge(path, base: base, to: folder + "/merged")
        }
        #expect(fault?.kind == .usage)
        #expect(fault?.found == tuning.method)
      }
      #expect(!FileManager.default.fileExists(atPath: folder + "/merged"))
    }
  }

  @Test func anotherBaseIsRefused() throws {
    try withTemporaryFolder { folder in
      let (_, paths) = try prepare("late_fusion", [TuningCase("lora")], in: folder)
      let other = try ModelFolder.read(folder + "/base")
      noGrad { other.backbone.storage()[0].storage.tensor!.detached().addInPlace(Tensor(1)) }
      try ModelFolder.write(other.backbone, to: folder + "/other")
      let set = try AdapterSet(base: folder + "/other")
      let fault = #expect(throws: Fault.self) { try set.add(paths[0], as: "one") }
      #expect(fault?.key == "base_sha256")
      #expect(set.names.isEmpty)
    }
  }

  @Test func otherModalitiesAreRefused() throws {
    try withTemporaryFolder { folder in
      let (base, paths) = try prepare("late_fusion", [TuningCase("wander", TuningCase.small)], in: folder)
      let file = paths[0] + "/adapter_config.json"
      let text = try String(contentsOfFile: file, encoding: .utf8)
      try text.replacingOccurrences(of: "\"audio\"", with: "\"sound\"").write(
        toFile: file, atomically: true, encoding: .utf8)
      let set = try AdapterSet(base: base)
      let fault = #expect(throws: Fault.self) { try set.add(paths[0], as: "one") }
      #expect(fault?.key == "modalities")
      #expect(fault?.found == "text, sound, vision")
    }
  }

  @Test func otherShapesAreRefusedAndTheModelStaysTheBase() throws {
    let golden = try Golden("late_fusion")
    try withTemporaryFolder { folder in
      let (base, paths) = try prepare("late_fusion", [TuningCase("lora", "rank: 2"), TuningCase("ia3")], in: folder)
      let file = paths[0] + "/adapter_config.json"
      let text = try String(contentsOfFile: file, encoding: .utf8)
      let changed = text.replacingOccurrences(of: "\"r\": 2", with: "\"r\": 3")
      #expect(changed != text)
      try changed.write(toFile: file, atomically: true, encoding: .utf8)
      let set = try AdapterSet(base: base)
      let own = set.model(try golden.inputs).prediction.floats
      try set.add(paths[1], as: "scales")
      try set.activate("scales")
      let scaled = set.model(try golden.inputs).prediction.floats
      let fault = #expect(throws: Fault.self) { try set.add(paths[0], as: "one") }
      #expect(fault?.kind == .badData)
      #expect(fault?.key?.contains("lora_A") == true)
      #expect(set.active == "scales")
      #expect(set.model(try golden.inputs).prediction.floats == scaled)
      set.deactivate()
      #expect(set.model(try golden.inputs).prediction.floats == own)
    }
  }

  @Test func namesOfASetAreChecked() throws {
    try withTemporaryFolder { folder in
      let (base, paths) = try prepare("late_fusion", [TuningCase("head")], in: folder)
      let set = try AdapterSet(base: base)
      try set.add(paths[0], as: "mine")
      #expect(throws: Fault.self) { try set.add(paths[0], as: "mine") }
      let fault = #expect(throws: Fault.self) { try set.activate("mime") }
      #expect(fault?.expected == "mine")
      #expect(set.active == nil)
    }
  }

  @Test(arguments: [
    ("wander", "feature_rank: 0", "feature_rank"), ("wander", "token_rank: 0", "token_rank"),
    ("wander", "bottleneck: 0", "bottleneck"), ("wander", "steps: 0", "steps"),
    ("wander", "placement: first", "placement"), ("wander", "rank: 3", "rank"), ("lora", "rank: 0", "rank"),
    ("lora", "alpha: 0", "alpha"), ("lora", "targets: [w]", "targets.0"), ("lora", "targets: []", "targets"),
    ("adapter", "bottleneck: 0", "bottleneck"), ("compacter", "bottleneck: 6", "bottleneck"),
    ("compacter", "blocks: 3, bottleneck: 9", "tuning.blocks"), ("prompt", "length: 0", "length"),
    ("prefix", "length: -1", "length"), ("lmf", "feature_rank: 0", "feature_rank"), ("head", "rank: 2", "rank"),
    ("cross_attention", "bottleneck: 0", "bottleneck"), ("moka", "rank: 0", "rank"),
    ("moka", "placement: last", "placement"),
  ])
  func settingsAreChecked(method: String, settings: String, key: String) throws {
    let model = try Golden("late_fusion").model()
    let fault = #expect(throws: Fault.self) { try TuningCase(method, settings).install(on: model) }
    #expect(fault?.kind == .usage)
    #expect(fault?.key == key)
    #expect(model.attachments.isEmpty)
    #expect(model.trainableParameters().count == model.backbone.parameters().count, "the model is as before")
    #expect(model.backbone.encoderLayers().allSatisfy { $0.layer.adapter == nil })
  }

  @Test func anUnknownMethodIsRefused() {
    let fault = #expect(throws: Fault.self) { try TuningMethods.maker("wanders") }
    #expect(fault?.kind == .usage)
    #expect(fault?.remedy?.contains("wander") == true)
  }
}
