import PolyphonyEncoders
import Testing
import Torch

@Suite struct PictureEncoderTests {
  @Test(arguments: [
    "vit", "vit-resized", "deit", "dinov2", "dinov2-gated", "clip-picture", "resnet-basic", "resnet-bottleneck",
    "mobilenet-same", "mobilenet-dilated",
  ])
  func agreesWithTransformers(name: String) throws {
    let reference = try ReferenceEncoder(name)
    let states = try reference.encoder(pixels: try #require(reference["input.pixel_values"]))
    try reference.check(states)
  }

  @Test func clipReadsTextsToo() throws {
    let reference = try ReferenceEncoder("clip-text")
    let (tokens, mask) = (try #require(reference["input.input_ids"]), try #require(reference["mask"]))
    try reference.check(try reference.encoder(tokens: tokens, mask: mask), mask: mask)
    #expect(reference.encoder.tower(.tokens)?.width == 16)
    #expect(reference.encoder.tower(.pixels)?.width == 8)
    #expect(reference.encoder.tower(.waveform) == nil)
    #expect(reference.encoder.width == 6)
    #expect(reference.encoder.layers.count == 4)
  }

  @Test func refusesWhatIsNoPicture() throws {
    let encoder = try ReferenceEncoder("vit").encoder
    for pixels in [
      Tensor.zeros([3, 8, 8]), .zeros([1, 1, 8, 8]), .zeros([1, 3, 3, 8]), .zeros([0, 3, 8, 8]),
    ] {
      #expect(throws: Fault.self) { try encoder(pixels: pixels) }
    }
    #expect(throws: Fault.self) { try encoder(tokens: .ones([1, 3], dtype: .int64)) }
  }
}
