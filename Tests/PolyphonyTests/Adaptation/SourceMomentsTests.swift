import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonySupport

/// What a model folder keeps of its training split.
@Suite struct SourceMomentsTests {
  @Test(arguments: [PredictionTask.Kind.classification, .regression, .segmentation])
  func comeBackFromAFolder(kind: PredictionTask.Kind) throws {
    let isImage = kind == .segmentation
    let configuration = Tiny.configuration(
      isImage ? "deeplab_v3plus" : "late_fusion", kind, modalities: isImage ? 1 : 3)
    let model = try Tiny.model(configuration).withSourceMoments()
    try withTemporaryFolder { folder in
      try ModelFolder.write(model.backbone, to: folder + "/model")
      #expect(try ModelFolder.read(folder + "/model").sourceMoments == nil, "an earlier version left none")
      let own = try #require(model.sourceMoments)
      try own.write(to: folder + "/model")
      let read = try #require(try ModelFolder.read(folder + "/model").sourceMoments)
      #expect(read.shares.doubles == own.shares.doubles)
      #expect(read.features["m0"]?.mean.doubles == own.features["m0"]?.mean.doubles)
      #expect(read.features["m0"]?.variance.shape == own.features["m0"]?.variance.shape)
      #expect(read.principal?.directions.doubles == own.principal?.directions.doubles)
      #expect((read.principal == nil) == isImage && (read.answers == nil) == (kind != .regression))
    }
  }

  /// Means, variances and directions are those of the samples.
  @Test func areThoseOfTheSamples() throws {
    let configuration = Tiny.configuration("late_fusion", .classification)
    let model = try Tiny.model(configuration)
    let batch = Tiny.batch(configuration, count: 50)
    let split = LabelledSplit(samples: UnlabelledSplit(name: "train", inputs: batch.inputs), target: batch.target)
    let moments = SourceMoments.measured(model, training: split, validation: split)
    let rows = Tensor(batch.target.integers.enumerated().filter { $1 == 2 }.map(\.offset))
    let own = try #require(moments.features["m1"])
    let expected = batch.inputs.modalities[1].rows(rows).to(.float64).mean(0)
    #expect((own.mean[2] - expected).abs().maximum(0).maximum(0).item < 1e-9)
    #expect(abs(moments.shares.doubles[2] - Double(rows.count) / 50) < 1e-12)
    let principal = try #require(moments.principal)
    let features = model.evaluating { noGrad { model(batch.inputs).features.to(.float64) } }
    let projected = (features - principal.mean).matmul(principal.directions.transposed(0, 1))
    #expect((projected.variance(0, correction: 1) - principal.variance).abs().maximum(0).item < 1e-9)
    let gram = principal.directions.matmul(principal.directions.transposed(0, 1))
    let identity = Tensor.range(gram.size(0)).oneHot(gram.size(0)).to(.float64)
    #expect((gram - identity).abs().maximum(0).maximum(0).item < 1e-9)
    let falls = zip(principal.variance.doubles, principal.variance.doubles.dropFirst()).allSatisfy { $0 >= $1 }
    #expect(falls)
  }

  /// A damaged file is a fault with the key, and the model is not read without it.
  @Test func damageIsAFault() throws {
    let model = try Tiny.model(Tiny.configuration("late_fusion", .classification)).withSourceMoments()
    try withTemporaryFolder { folder in
      try ModelFolder.write(model.backbone, to: folder + "/model")
      var moments = try #require(model.sourceMoments)
      moments.features["m0"]?.mean = .zeros([3, 1, 2], dtype: .float64)
      try moments.write(to: folder + "/model")
      let fault = #expect(throws: Fault.self) { try ModelFolder.read(folder + "/model") }
      #expect(fault?.kind == .badData && fault?.key == "features.m0.mean")
      // The moments of a model with other classes.
      moments.shares = .ones([2], dtype: .float64)
      try moments.write(to: folder + "/model")
      let other = #expect(throws: Fault.self) { try ModelFolder.read(folder + "/model") }
      #expect(other?.kind == .badData && other?.key == "shares" && other?.expected?.contains("[3]") == true)
      let file = folder + "/model/" + SourceMoments.fileName
      try Data("broken".utf8).write(to: URL(fileURLWithPath: file))
      #expect(throws: Fault.self) { try ModelFolder.read(folder + "/model") }
    }
  }

  /// The fifths of a regression, by target.
  @Test func fifthsOfARegression() {
    let task = PredictionTask(kind: .regression)
    let target = Tensor((0..<20).map { Double(19 - $0) }, shape: [20, 1])
    let (indices, count) = Strata.of(target, task)
    #expect(count == 5 && indices.integers == (0..<20).map { 4 - $0 / 4 })
    #expect(Strata.of(.zeros([4, 1]), task).indices.integers == [4, 4, 4, 4], "equal targets stay together")
  }
}
