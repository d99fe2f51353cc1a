import Testing
import Torch

@testable import Polyphony

/// Which modalities and tasks an architecture takes. A remedy never leads to another refusal.
@Suite struct KindTests {
  private static let sequence = Modality.sequence("words", features: 3, length: 4)
  private static let image = Modality.image("face", channels: 1, height: 8, width: 8)
  private static let other = Modality.image("scan", channels: 1, height: 4, width: 4)
  private static let volume = Modality.volume("head", channels: 1, depth: 8, height: 8, width: 8)

  private static let mixtures: [([Modality], PredictionTask.Kind)] = [
    ([sequence], .regression), ([sequence], .segmentation), ([image], .classification), ([image], .segmentation),
    ([image, other], .segmentation), ([image, sequence], .classification), ([image, sequence], .segmentation),
    ([image, other], .regression), ([volume, volume], .segmentation), ([volume, image], .segmentation),
    ([volume], .classification),
  ]

  @Test(arguments: mixtures) func remediesEnd(modalities: [Modality], kind: PredictionTask.Kind) throws {
    func fault(_ architecture: String) -> Fault? {
      let configuration = ModelConfiguration(
        architecture: architecture, modalities: modalities, task: PredictionTask(kind: kind, classes: 2), width: 8,
        heads: 2, layers: 1)
      do throws(Fault) {
        let maps: [String: Set<Modality.Kind>] = ["deeplab_v3plus": [.image], "unet": [.image, .volume]]
        try configuration.checkKinds(maps: maps[architecture] ?? [], file: nil)
        return nil
      } catch {
        return error
      }
    }
    let names = ["late_fusion", "early_fusion", "encoder_fusion", "mult", "deeplab_v3plus", "unet"]
    let takes = names.filter { fault($0) == nil }
    for fault in names.compactMap(fault) {
      let remedy = try #require(fault.remedy)
      let named = names.filter(remedy.contains)
      #expect(named.allSatisfy(takes.contains), "\(remedy)")
      #expect(named.isEmpty == takes.isEmpty, "\(remedy)")
      #expect(!takes.isEmpty || remedy.hasPrefix("no architecture"), "\(remedy)")
    }
  }

  @Test func imagesWithTextsHaveNoArchitecture() {
    let configuration = ModelConfiguration(
      architecture: "late_fusion", modalities: [Self.image, Self.sequence],
      task: PredictionTask(kind: .classification, classes: 2), width: 8, heads: 2, layers: 1)
    let fault = expectFault(.usage) { _ = try Architectures.make(configuration) }
    #expect(fault?.remedy?.contains("no architecture predicts values or classes from images") == true)
  }
}
