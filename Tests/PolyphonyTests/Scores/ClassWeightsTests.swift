import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySettings

@Suite struct ClassWeightsTests {
  private let task = PredictionTask(kind: .classification, classes: 3, labels: ["sad", "calm", "glad"])
  private let target = Tensor([0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 2])

  /// N/(C·n_c), so that the mean weight of a target is 1.
  @Test func balancedWeights() throws {
    let weights = try ClassWeights.balanced.values(for: target, task)
    #expect(weights == [12.0 / 18, 2, 1])
    #expect(target.integers.map { weights[$0] }.reduce(0, +) == 12)
    let pixels = PredictionTask(kind: .segmentation, classes: 3)
    #expect(try ClassWeights.balanced.values(for: target.reshaped(2, 2, 3), pixels) == weights)
    #expect(try ClassWeights.given([1, 2, 3]).values(for: target, task) == [1, 2, 3])
  }

  @Test func anErrorNamesTheOrderOfTheClasses() {
    let short = expectFault(.usage) { _ = try ClassWeights.given([1, 2]).values(for: target, task) }
    #expect(short?.found == "2 weights: 1.0, 2.0" && short?.expected?.hasSuffix("in the order sad, calm, glad") == true)
    let absent = expectFault(.usage) { _ = try ClassWeights.balanced.values(for: Tensor([0, 2, 2]), task) }
    #expect(absent?.found == "no training target of class calm" && absent?.remedy?.contains("sad, calm, glad") == true)
    expectFault(.usage) { _ = try ClassWeights.balanced.values(for: target, .init(kind: .regression)) }
  }

  @Test(arguments: [ClassWeights.balanced, .given([0.5, 2])])
  func aCheckpointKeepsThem(weights: ClassWeights) throws {
    var settings = TrainingSettings()
    settings.classWeights = weights
    #expect(try JSONDecoder().decode(TrainingSettings.self, from: try JSONEncoder().encode(settings)) == settings)
  }

  @Test func aRecipeHasNumbersOrTheWord() throws {
    func read(_ text: String) throws -> ClassWeights? {
      try SettingsReader.read(try SettingsTree(yaml: text, file: "recipe")) { (reader) throws(Fault) in
        try TrainingSettings(reader)
      }.value.classWeights
    }
    #expect(try read("class_weights: balanced") == .balanced)
    #expect(try read("class_weights: [1, 0.5]") == .given([1, 0.5]))
    #expect(try read("epochs: 1") == nil)
    let unknown = expectFault(.usage) { _ = try read("class_weights: balance") }
    #expect(unknown?.remedy == "did you mean `balanced`?")
    expectFault(.usage) { _ = try read("class_weights: [1, -1]") }
  }

  /// Balanced weights stand as numbers in the resolved recipe, which is then the recipe with these numbers.
  @Test func theResolvedRecipeHasNumbers() throws {
    try withTemporaryFolder { folder in
      var made = SyntheticSentiment()
      made.samples = 60
      var description = made.description
      description.task = PredictionTask(kind: .classification, classes: 2, labels: ["low", "high"])
      let splits = try made.make().map { split in
        var split = split
        split.target = split.target.map { ($0.flattened() .> 0.5).to(.int64) }
        return split
      }
      try DatasetWriter.write(description, splits, to: folder + "/data")
      func life(_ weights: String) throws -> TrainLife {
        TrainLife(
          recipe: try SettingsTree(
            yaml: """
              model: {width: 8, heads: 2, layers: 1}
              training: {epochs: 1, class_weights: \(weights)}
              """, file: "recipe"), data: folder + "/data")
      }
      let prepared = try life("balanced").prepare()
      let balanced = prepared.recipe(for: "joint")
      guard case .list(let numbers)? = balanced["training"]?["class_weights"]?.content else {
        Issue.record("the recipe has no numbers")
        return
      }
      let texts = numbers.compactMap { if case .scalar(let scalar) = $0.content { scalar.text } else { nil } }
      #expect(texts.count == 2 && texts[0] != texts[1])
      let given = try life("[\(texts.joined(separator: ", "))]").prepare().recipe(for: "joint")
      #expect(given.yaml() == balanced.yaml())
      #expect(try life("[1, 1]").prepare().recipe(for: "joint").yaml() != balanced.yaml())
      let short = expectFault(.usage) { _ = try life("[1]").prepare() }
      #expect(short?.expected?.contains("low, high") == true)
    }
  }
}
