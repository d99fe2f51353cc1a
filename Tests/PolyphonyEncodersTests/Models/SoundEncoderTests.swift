import PolyphonyEncoders
import Testing
import Torch

@Suite struct SoundEncoderTests {
  @Test(arguments: ["wav2vec2", "wav2vec2-stable", "hubert", "hubert-unnormed", "wavlm", "wavlm-stable"])
  func agreesWithTransformers(name: String) throws {
    let reference = try ReferenceEncoder(name)
    let mask = try #require(reference["mask"])
    let states = try reference.encoder(
      waveform: try #require(reference["input.input_values"]), mask: reference["input.attention_mask"])
    #expect(try states.mask()?.to(.int64).integers == mask.integers)
    try reference.check(states, mask: mask)
  }

  @Test func aSampleShorterThanAStepIsZero() throws {
    let encoder = try ReferenceEncoder("wav2vec2").encoder
    let real = Tensor.range(100).unsqueezed(0) .< Tensor([100, 9], shape: [2, 1])
    let states = try encoder(waveform: .normal([2, 100]), mask: real)
    #expect(try states.pooled(.mean).isFinite)
    #expect(try states.pooled(.mean)[1].abs().sum().item == 0)
  }

  @Test func refusesWhatIsNoSound() throws {
    let encoder = try ReferenceEncoder("wav2vec2").encoder
    let fault = #expect(throws: Fault.self) { try encoder(waveform: .zeros([1, 29])) }
    #expect(fault?.expected == "at least 30")
    #expect(try encoder(waveform: .normal([1, 30])).hidden().shape == [1, 1, 16])
    for wave in [Tensor.zeros([100]), .zeros([0, 100]), .zeros([1, 100], dtype: .int16)] {
      #expect(throws: Fault.self) { try encoder(waveform: wave) }
    }
    #expect(throws: Fault.self) { try encoder(waveform: .zeros([1, 100]), mask: .ones([1, 99], dtype: .bool)) }
  }
}
