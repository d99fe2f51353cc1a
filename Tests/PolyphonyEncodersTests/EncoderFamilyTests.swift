import PolyphonyEncoders
import Testing

@Suite struct EncoderFamilyTests {
  @Test func namesAreThoseOfHuggingFace() {
    #expect(EncoderFamily(rawValue: "bert") == .bert)
  }
}
