import Testing
import Torch

@testable import Polyphony

/// Windows over images of another size than the model's, against MONAI's `sliding_window_inference`.
@Suite struct SlidingWindowsTests {
  @Test(arguments: ["wide", "odd", "small", "volume", "flat"])
  func matchesMONAI(name: String) throws {
    let file = try SafetensorsFile(path: fixture("volumes/windows.safetensors"))
    let (input, weight) = (try file.tensor("\(name).input"), try file.tensor("\(name).weight"))
    let window = try file.tensor("\(name).window").integers
    let windows = SlidingWindows(image: Array(input.shape.dropFirst(2)), window: window)
    let ones = window.map { _ in 1 }
    var passes = 0
    let output = windows.merged(over: Inputs([input])) { parts, count in
      passes += count
      return parts.modalities[0].convolution(weight, nil, stride: ones, padding: ones, dilation: ones)
    }
    expectClose(output, try file.tensor("\(name).output"), 1e-5, name)
    #expect(passes == windows.patches.count)
  }

  @Test func windowsCoverTheImageAndOverlapByHalf() {
    let windows = SlidingWindows(image: [10, 8], window: [4, 8])
    #expect(windows.patches.map(\.origin) == [[0, 0], [2, 0], [4, 0], [6, 0]])
    #expect(SlidingWindows(image: [9], window: [4]).patches.map(\.origin) == [[0], [2], [4], [5]])
    #expect(SlidingWindows(image: [1, 1], window: [1, 1]).patches.count == 1)
    #expect(SlidingWindows(image: [3], window: [1]).patches.map(\.origin) == [[0], [1], [2]])
  }

  @Test func aModelReadsImagesOfAnySize() throws {
    var configuration = Tiny.configuration("unet", .segmentation, modalities: 2, width: 2)
    for index in 0..<2 { configuration.modalities[index].extent = [16, 16] }
    let model = try Tiny.model(configuration)
    var large = configuration
    for index in 0..<2 { large.modalities[index].extent = [24, 13] }
    let batch = Tiny.batch(large, count: 3)
    let output = model(batch.inputs)
    #expect(output.prediction.shape == [3, 4, 24, 13] && output.pooled.shape == [3, 2] && output.encoded.isEmpty)
    // A sample does not depend on those beside it, and a missing image stays missing in each window.
    let alone = model(batch.inputs.rows(Tensor([1])))
    expectClose(alone.prediction, output.prediction[1..<2], 1e-5, "a sample alone")
    let missing = batch.inputs.keeping([true, false])
    var zeros = batch.inputs
    zeros.modalities[1] = zeros.modalities[1].zerosLike()
    expectClose(model(missing).prediction, model(zeros).prediction, 1e-5, "a missing image")
    // Test-time adaptation learns through the windows.
    output.prediction.squared().sum().backward()
    #expect(model.backbone.parameters().allSatisfy { $0.storage.tensor?.gradient != nil })
    let split = try Tiny.split(large, count: 3)
    let means = model.means(over: split, count: 1) { output, target in
      [Double(output.encoded.count * 100 + output.prediction.size(2) + target.size(1))]
    }
    #expect(means == [232], "window by window, with encodings")
  }

  @Test func memoryLimitsTheSamplesOfAPass() throws {
    let configuration = Tiny.configuration("unet", .segmentation, modalities: 1, width: 2)
    let large = UnlabelledSplit(name: "test", inputs: Inputs([.zeros([3, 1, 1024, 1024])]))
    #expect(SlidingWindows.passSize(256, of: large, configuration) == 2)
    let small = UnlabelledSplit(name: "test", inputs: Inputs([.zeros([3, 1, 32, 32])]))
    #expect(SlidingWindows.passSize(256, of: small, configuration) == 256)
  }
}
