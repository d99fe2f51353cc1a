import Testing
import Torch

/// Expects the gradients of a scalar function to equal its central differences, in f64.
///
/// - Parameters:
///   - inputs: the leaves of the graph (f64) and their names. The check changes and restores them.
///   - step: the distance by which an element is moved either way. The error of the differences is of the order step².
func expectGradients(
  of inputs: [(key: String, tensor: Tensor)], relative: Double = 1e-5, step: Double = 1e-5,
  sourceLocation: SourceLocation = #_sourceLocation, _ function: () -> Tensor
) {
  let gradients = function().gradients(with: inputs.map(\.tensor))
  for ((key, input), gradient) in zip(inputs, gradients) {
    #expect(input.dtype == .float64, "\(key) is \(input.dtype)", sourceLocation: sourceLocation)
    guard let gradient else {
      Issue.record("no gradient of \(key)", sourceLocation: sourceLocation)
      continue
    }
    let elements = noGrad { input.detached().view(-1) }
    let differences = noGrad {
      input.doubles.enumerated().map { index, value -> Double in
        let element = elements.slice(0, index, index + 1)
        defer { element.fillInPlace(value) }
        element.fillInPlace(value + step)
        let above = function().item
        element.fillInPlace(value - step)
        return (above - function().item) / (2 * step)
      }
    }
    expectClose(
      gradient, Tensor(differences, shape: input.shape), relative: relative, "gradient of \(key)",
      sourceLocation: sourceLocation)
  }
}
