import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySettings
@testable import PolyphonySupport

/// An adapted model is a small folder on disk beside the source.
@Suite struct AdapterRoundTripTests {
  static let cases: [(String, String)] =
    AdaptationMethods.names.map { ($0, "late_fusion") } + [
      ("norm", "deeplab_v3plus"), ("tent", "deeplab_v3plus"), ("casp", "deeplab_v3plus"), ("casp", "mult"),
    ]

  @Test(arguments: cases) func anAdapterGivesTheAdaptedModelBack(method: String, architecture: String) throws {
    var adapting = Adapting.named(method)
    adapting.architecture = architecture
    if architecture == "deeplab_v3plus" {
      (adapting.kind, adapting.count, adapting.modalities) = (.segmentation, 6, 1)
    }
    let samples = adapting.samples()
    let settings = adapting.settings
    try withTemporaryFolder { folder in
      let base = folder + "/base"
      let source = try adapting.model()
      try ModelFolder.write(source.backbone, to: base)
      try source.sourceMoments?.write(to: base)
      let before = try contents(base)
      let life = try Self.life(base, method, settings, samples, isStopped: false).prepare(seeds: [3])
      let output = try RunFolder(folder + "/run", existing: .refuse)
      let result = try ownRandomNumbers { try life.run(method, seed: 3, folder: output) }
      let adapted = result.installation.model.predict(samples).prediction.floats

      let fresh = try ModelFolder.read(base)
      let description = try AdapterFolder.attach(output.adapter, to: fresh, base: base)
      #expect(description.method == method)
      #expect(fresh.predict(samples).prediction.floats == adapted)
      let stored = try SafetensorsFile(path: output.adapter + "/adapter_model.safetensors").entries.map(\.name)
      let added = fresh.attachments.enumerated().flatMap { index, part in
        part.storage().map { ("attachment.\(index).\($0.key)", $0.storage) }
      }
      let buffers = (fresh.backbone.storage() + added).filter { !$0.1.isTrainable }.map(\.0)
      #expect(Set(stored) == Set(fresh.trainableParameters().map(\.key) + buffers))
      if method == "casp", architecture == "late_fusion" {
        #expect(stored.allSatisfy { $0.contains("layer_norms.") } && stored.count == 12)
      }
      result.installation.isEnabled = false
      #expect(
        result.installation.model.predict(samples).prediction.floats
          == (try adapting.model()).predict(samples).prediction.floats, "switched off it is the source")
      let after = try contents(base)
      #expect(before == after, "the source's folder is as it was")
    }
  }

  private static func life(
    _ base: String, _ method: String, _ settings: String, _ samples: UnlabelledSplit, isStopped: Bool
  ) throws -> AdaptLife {
    let recipe = try SettingsTree(yaml: "adaptation: {\(settings)}", file: "settings")
    var life = AdaptLife(model: base, recipe: recipe, samples: samples, methods: [method])
    life.isStopped = { isStopped }
    return life
  }

  private func contents(_ folder: String) throws -> [Data] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
      try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)"))
    }
  }

  @Test func aStoppedRunLeavesACheckpointAndNoAdapter() throws {
    let adapting = Adapting.named("casp")
    try withTemporaryFolder { folder in
      let base = folder + "/base"
      try ModelFolder.write(adapting.model().backbone, to: base)
      func life(isStopped: Bool) throws -> AdaptLife.Prepared {
        try Self.life(base, "casp", adapting.settings, adapting.samples(), isStopped: isStopped).prepare()
      }
      let output = try RunFolder(folder + "/run", existing: .refuse)
      let cut = try life(isStopped: true).run("casp", folder: output)
      #expect(cut.outcome.wasStopped && !FileManager.default.fileExists(atPath: output.adapter))
      let whole = try life(isStopped: false).run("casp")
      let resumed = try life(isStopped: false).run("casp", folder: output, resume: true)
      #expect(bytes(resumed.installation.model) == bytes(whole.installation.model))
      #expect(FileManager.default.fileExists(atPath: output.adapter))
    }
  }

  @Test func namesOfAdaptationsAreNoTuningMethods() {
    #expect(Set(TuningMethods.names).isDisjoint(with: AdaptationMethods.names))
    #expect(throws: Fault.self) { try TuningMethods.maker("casp") }
  }
}
