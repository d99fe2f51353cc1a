import Foundation
import Testing
import Torch

@Suite struct TensorReductionTests {
  private let x = Tensor([3.0, 1, 2, -4, 5, 0], shape: [2, 3])

  @Test func reductions() {
    let table: [(String, Tensor, [Int], [Double])] = [
      ("sum", x.sum(), [], [7]), ("sum 0", x.sum(0), [3], [-1, 6, 2]),
      ("sum keep", x.sum(-1, keep: true), [2, 1], [6, 1]),
      ("sum of two", x.sum(0, 1), [], [7]), ("mean", x.mean(), [], [7.0 / 6]),
      ("mean 1", x.mean(1), [2], [2, 1.0 / 3]),
      ("variance", x[0].variance(0), [], [2.0 / 3]), ("variance, n − 1", x[0].variance(0, correction: 1), [], [1]),
      ("variance of all", x.variance(), [], [x.squared().mean().item - 49.0 / 36]),
      ("maximum", x.maximum(), [], [5]), ("maximum 0", x.maximum(0), [3], [3, 5, 2]),
      ("minimum 1", x.minimum(1, keep: true), [2, 1], [1, -4]),
      ("cumulative sum", x.cumulativeSum(1), [2, 3], [3, 4, 6, -4, 1, 1]),
      ("norm", x.norm(), [], [sqrt(55)]), ("norm 1", x.norm(1), [2], [sqrt(14), sqrt(41)]),
      ("log-sum-exp", x.logSumExp(1), [2], [log(exp(3) + exp(1) + exp(2)), log(exp(-4) + exp(5) + 1)]),
      (
        "log-sum-exp of large", (x + 1000).logSumExp(1), [2],
        [log(exp(3) + exp(1) + exp(2)) + 1000, log(exp(-4) + exp(5) + 1) + 1000]
      ),
    ]
    for (name, tensor, shape, elements) in table {
      #expect(tensor.shape == shape, "\(name)")
      expectClose(tensor.doubles, elements, relative: 1e-14, name)
    }
  }

  @Test func order() {
    #expect(x.argmax(1).integers == [0, 1])
    #expect(x.argmax(1, keep: true).shape == [2, 1])
    let (values, indices) = x.sorted(1)
    #expect(values.doubles == [1, 2, 3, -4, 0, 5])
    #expect(indices.integers == [1, 2, 0, 0, 2, 1])
    #expect(x.sorted(0, descending: true).values.doubles == [3, 5, 2, -4, 1, 0])
  }

  @Test func whatHasNoElements() {
    let empty = Tensor.empty([0, 2])
    #expect(empty.sum().item == 0)
    #expect(empty.sum(0).floats == [0, 0])
    #expect(empty.mean().item.isNaN)
    #expect(empty.norm().item == 0)
  }

  @Test func finiteAreAllOrNot() {
    #expect(Tensor.empty([0, 2]).isFinite && Tensor(3.0).isFinite && !Tensor(-Double.infinity).isFinite)
    // The tensor has more than one block. Its one non-finite number is at the beginning, in the middle, or at the end.
    for (row, column) in [(0, 0), (1500, 7), (2999, 1999)] {
      let x = Tensor.zeros([3000, 2000])
      #expect(x.isFinite)
      noGrad { x[row..<row + 1].slice(1, column, column + 1).multiplyInPlace(.nan) }
      #expect(!x.isFinite)
    }
  }

  @Test func integersAndTruthValuesAreCounted() {
    #expect(Tensor([true, true, false]).sum().integers == [2])
    #expect(Tensor([1, 2]).sum().dtype == .int64)
  }
}
