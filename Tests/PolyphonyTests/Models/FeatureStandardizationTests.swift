import Testing
import Torch

@testable import Polyphony

/// A caller that standardises features gets the bits of the model that does it itself.
@Suite struct FeatureStandardizationTests {
  @Test(arguments: [0, 1, 3]) func theBitsAreThoseOfTheModel(offset: Int) throws {
    var configuration = Tiny.configuration("late_fusion", .classification)
    let split = try Tiny.split(configuration, count: 7)
    let names = configuration.modalities.map(\.name)
    configuration.normalization = FeatureStatistics.fit(split.samples, configuration.modalities)
    // One modality goes to the model as it is.
    configuration.normalization?[names[1]] = nil
    let model = try Tiny.model(configuration)
    model.train(false)
    let standardizations = model.standardizations
    #expect(standardizations.map { $0 != nil } == names.map { $0 != names[1] })

    let inputs = split.samples.inputs
    var given = inputs
    for (index, standardization) in standardizations.enumerated() {
      guard let standardization else { continue }
      let raw = inputs.modalities[index]
      // Bytes of a request stand at any address.
      let bytes = [UInt8](repeating: 0, count: offset) + raw.withBytes { Array($0) }
      var values = [Float](repeating: 0, count: raw.count)
      values.withUnsafeMutableBytes { target in
        bytes.withUnsafeBytes { source in
          standardization.copy(
            UnsafeRawBufferPointer(rebasing: source[offset...]), to: target.baseAddress!)
        }
      }
      given.modalities[index] = Tensor(values, shape: raw.shape)
      #expect(values == model.prepared(inputs).modalities[index].floats)
      #expect(values != raw.floats)
    }
    let isStandardized = standardizations.map { $0 != nil }
    let (own, expected) = noGrad { (model.output(of: given, isStandardized: isStandardized), model(inputs)) }
    #expect(own.prediction.floats == expected.prediction.floats)
    #expect(own.representation.floats == expected.representation.floats)
  }

  @Test func imagesAreStandardisedByTheModel() throws {
    var configuration = Tiny.configuration("deeplab_v3plus", .segmentation, modalities: 2)
    let split = try Tiny.split(configuration, count: 2)
    configuration.normalization = FeatureStatistics.fit(split.samples, configuration.modalities)
    #expect(try Tiny.model(configuration).standardizations.allSatisfy { $0 == nil })
  }
}
