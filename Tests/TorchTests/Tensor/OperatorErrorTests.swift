import Foundation
import Testing
import Torch

/// A wrong shape is a programming error. The process ends with a message that names the operator and the shapes.
@Suite struct OperatorErrorTests {
  private func expectMessage(_ result: ExitTest.Result?, _ parts: String...) {
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    for part in parts { #expect(message.contains(part), "\(message.prefix(500))") }
  }

  @Test func productsOfShapesThatDoNotFit() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).matmul(.zeros([4, 5]))
    }
    expectMessage(result, "aten::matmul", "float32[2, 3]", "float32[4, 5]")
  }

  /// libtorch would broadcast these to [4, 4].
  @Test func lossesOfTwoShapes() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([4]).absoluteError(.zeros([4, 1]))
    }
    expectMessage(result, "absolute error", "float32[4]", "float32[4, 1]")
  }

  /// An integer tensor cannot hold half of an integer.
  @Test func halfOfAnInteger() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Tensor([1]).addInPlace(Tensor([1]), scale: 0.5)
    }
    expectMessage(result, "aten::add_", "int64[1]", "0.5")
  }

  @Test func backwardOfWhatIsNoScalar() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      (Tensor.zeros([4]).requiringGradient() * 2).backward()
    }
    expectMessage(result, "backward of float32[4]", "grad can be implicitly created only for scalar outputs")
  }

  @Test func theHandlerOfAProgramDecidesHowToLeave() async {
    await #expect(processExitsWith: .exitCode(70)) {
      Libtorch.onFailure { message in exit(message.contains("aten::view") ? 70 : 1) }
      _ = Tensor.zeros([4]).view(3)
    }
  }

  /// Without the error, second derivatives would lack the part through the encoder.
  @Test func gradientsOfGradientsThroughOurKernels() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tensor.ones([1, 2, 4]).requiringGradient()
      Fused.isForced.withValue(true) {
        _ = TransformerEncoder(width: 4, heads: 2, layers: 1)(x).sum().gradients(with: [x], createGraph: true)
      }
    }
    expectMessage(result, "encoder: second derivatives are not available")
  }
}
