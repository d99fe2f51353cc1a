import Testing
import Torch

@Suite struct EncoderAdapterTests {
  /// An adapter that scales a layer's updates and output, and puts steps before keys and values.
  private final class Changes: EncoderLayerAdapter {
    var attention = 1.0
    var feedForward = 1.0
    var output = 1.0
    var step: Tensor?
    func adapt(attention output: Tensor) -> Tensor { output * attention }
    func adapt(feedForward output: Tensor) -> Tensor { output * feedForward }
    func adapt(output: Tensor) -> Tensor { output * self.output }
    func prefix(batch: Int) -> (keys: Tensor, values: Tensor)? {
      step.map { ($0.expanded(batch, -1, -1), $0.expanded(batch, -1, -1)) }
    }
  }

  private let samples = Samples(20, .float64)

  private func layer() -> TransformerEncoderLayer {
    let layer = TransformerEncoderLayer(width: 4, heads: 2)
    samples.fill(layer)
    return layer
  }

  @Test func withoutBothStreamsTheLayerIsTheIdentity() {
    let (layer, changes, x) = (layer(), Changes(), samples.normal(2, 3, 4))
    let output = layer(x)
    layer.adapter = changes
    expectClose(layer(x), output, relative: 1e-13)
    (changes.attention, changes.feedForward) = (0, 0)
    #expect(layer(x).doubles == x.doubles)
    changes.attention = 1
    let attention = layer.attention(layer.norms[0](x), memory: layer.norms[0](x))
    expectClose(layer(x), x + attention, relative: 1e-13)
    changes.output = 3
    expectClose(layer(x), (x + attention) * 3, relative: 1e-13)
  }

  @Test func aPrefixOfItsOwnReachesEverySample() {
    let (layer, changes, x) = (layer(), Changes(), samples.normal(2, 3, 4))
    changes.step = samples.leaf(1, 1, 4)
    layer.adapter = changes
    let gradient = layer(x).squared().sum().gradients(with: [changes.step!])[0]
    #expect(gradient?.shape == [1, 1, 4])
    let probe = samples.normal(2, 3, 4)
    expectGradients(of: [("prefix", changes.step!)]) { (layer(x) * probe).sum() }
  }

  /// Two scales in a row act as their product, and the prefixes of both come before the sequence.
  @Test func adaptersActOneAfterTheOther() {
    let (layer, x) = (layer(), samples.normal(2, 3, 4))
    let (first, second, both) = (Changes(), Changes(), Changes())
    (first.attention, first.feedForward, first.output) = (2, 0.5, 3)
    (second.attention, second.feedForward, second.output) = (0.25, 4, 0.5)
    (both.attention, both.feedForward, both.output) = (0.5, 2, 1.5)
    (first.step, second.step) = (samples.normal(1, 2, 4), samples.normal(1, 1, 4))
    both.step = .concatenated([first.step!, second.step!], 1)
    layer.append(first)
    layer.append(second)
    let chained = layer(x)
    layer.adapter = both
    expectClose(layer(x), chained, relative: 1e-13)
  }

  @Test func anAdapterIsNoPartOfTheState() {
    let layer = layer()
    let keys = layer.state().map(\.key)
    layer.adapter = Changes()
    #expect(layer.state().map(\.key) == keys)
  }
}
