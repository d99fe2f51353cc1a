import Testing
import Torch

@Suite struct TensorShapeTests {
  private let cube = Tensor((0..<24).map(Double.init), shape: [2, 3, 4])

  @Test func shapesAndElements() {
    let table: [(String, Tensor, [Int], [Double])] = [
      ("view", cube.view(4, 6).slice(0, 3), [1, 6], [18, 19, 20, 21, 22, 23]),
      ("view with −1", cube.view(2, -1)[1].slice(0, 0, 2), [2], [12, 13]),
      ("reshaped", cube.transposed().reshaped(-1).slice(0, 0, 4), [4], [0, 4, 8, 1]),
      ("expanded", Tensor([1.0, 2], shape: [2, 1]).expanded(-1, 3), [2, 3], [1, 1, 1, 2, 2, 2]),
      ("permuted", cube.permuted(2, 0, 1)[1], [2, 3], [1, 5, 9, 13, 17, 21]),
      ("transposed", cube[0].transposed(), [4, 3], [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]),
      ("unsqueezed", cube[0][0].unsqueezed(-1), [4, 1], [0, 1, 2, 3]),
      ("squeezed", cube.slice(1, 0, 1).squeezed(1), [2, 4], [0, 1, 2, 3, 12, 13, 14, 15]),
      ("flattened", cube.flattened(1).slice(1, 10), [2, 2], [10, 11, 22, 23]),
      ("padded", Tensor([1.0, 2], shape: [1, 2]).padded([1, 0, 0, 1], value: 9), [2, 3], [9, 1, 2, 9, 9, 9]),
      ("flipped", Tensor([1.0, 2, 3]).flipped(0), [3], [3, 2, 1]),
      ("upper triangle", Tensor.ones([2, 3], dtype: .float64).upperTriangle(1), [2, 3], [0, 1, 1, 0, 0, 1]),
      ("concatenated", .concatenated([Tensor([1.0]), Tensor([2.0, 3])]), [3], [1, 2, 3]),
      ("concatenated, one", .concatenated([Tensor([1.0])]), [1], [1]),
      (
        "concatenated along 1", .concatenated([cube[0], cube[1]], 1).slice(0, 2), [1, 8],
        [8, 9, 10, 11, 20, 21, 22, 23]
      ),
      ("stacked", .stacked([Tensor([1.0, 2]), Tensor([3.0, 4])], 1), [2, 2], [1, 3, 2, 4]),
    ]
    for (name, tensor, shape, elements) in table {
      #expect(tensor.shape == shape, "\(name)")
      #expect(tensor.doubles == elements, "\(name)")
    }
  }

  @Test func splitGivesViews() {
    let parts = cube.split([1, 3], 2)
    #expect(parts.map(\.shape) == [[2, 3, 1], [2, 3, 3]])
    parts[0].fillInPlace(-1)
    #expect(cube[1][2].doubles == [-1, 21, 22, 23])
  }

  @Test func viewsShareMemoryAndCopiesDoNot() {
    let views: [(String, (Tensor) -> Tensor)] = [
      ("view", { $0.view(-1) }), ("transposed", { $0.transposed() }), ("select", { $0.select(0, 1) }),
      ("slice", { $0.slice(1, 1, 2) }), ("range", { $0[0..<1] }), ("detached", { $0.detached() }),
      ("unsqueezed", { $0.unsqueezed(0) }), ("permuted", { $0.permuted(2, 1, 0) }), ("contiguous", { $0.contiguous() }),
    ]
    for (name, view) in views {
      let base = Tensor.zeros([2, 3, 4])
      view(base).fillInPlace(1)
      #expect(base.sum().item > 0, "\(name)")
    }
    let copies: [(String, (Tensor) -> Tensor)] = [
      ("copy", { $0.copy() }), ("rows", { $0.rows(Tensor([0])) }), ("to", { $0.to(.float64) }),
      ("contiguous of a transposed", { $0.transposed().contiguous() }),
    ]
    for (name, copy) in copies {
      let base = Tensor.zeros([2, 3, 4])
      copy(base).fillInPlace(1)
      #expect(base.sum().item == 0, "\(name)")
    }
  }

  @Test func indexing() {
    let matrix = Tensor((0..<12).map(Double.init), shape: [3, 4])
    let table: [(String, Tensor, [Int], [Double])] = [
      ("row", matrix[1], [4], [4, 5, 6, 7]),
      ("last row", matrix[-1], [4], [8, 9, 10, 11]),
      ("rows in a range", matrix[1..<3].slice(1, 0, 1), [2, 1], [4, 8]),
      ("slice to the end", matrix.slice(1, 3), [3, 1], [3, 7, 11]),
      ("slice from the end", matrix.slice(1, -2, -1), [3, 1], [2, 6, 10]),
      ("select", matrix.select(1, 2), [3], [2, 6, 10]),
      ("rows by index", matrix.rows(Tensor([2, 0, 2])).slice(1, 0, 2), [3, 2], [8, 9, 0, 1, 8, 9]),
      ("columns by index", matrix.rows(Tensor([3, 1]), 1)[0], [2], [3, 1]),
      ("gathered", matrix.gathered(1, Tensor([3, 0, 1], shape: [3, 1])), [3, 1], [3, 4, 9]),
      ("indexed by pairs", matrix.indexed([Tensor([0, 2]), Tensor([1, 3])]), [2], [1, 11]),
      ("indexed, all of dimension 0", matrix.indexed([nil, Tensor([0, 0])])[2], [2], [8, 8]),
      ("indexed by a mask", matrix.indexed([matrix .> 8]), [3], [9, 10, 11]),
      ("one-hot", Tensor([2, 0]).oneHot(3).to(.float64), [2, 3], [0, 0, 1, 1, 0, 0]),
      ("nonzero", (matrix[0] .>= 2).nonZero().to(.float64), [2, 1], [2, 3]),
    ]
    for (name, tensor, shape, elements) in table {
      #expect(tensor.shape == shape, "\(name)")
      #expect(tensor.doubles == elements, "\(name)")
    }
  }

  @Test func replacing() {
    let zeros = Tensor.zeros([2, 3], dtype: .float64)
    let pairs = zeros.replacing([Tensor([0, 1]), Tensor([2, 0])], with: Tensor([5.0, 6]))
    #expect(pairs.doubles == [0, 0, 5, 6, 0, 0])
    #expect(zeros.replacing([nil, Tensor([1])], with: Tensor(7, dtype: .float64)).doubles == [0, 7, 0, 0, 7, 0])
    #expect(pairs.replacing([pairs .> 5], with: Tensor([1.0])).doubles == [0, 0, 5, 1, 0, 0])
    #expect(zeros.sum().item == 0)
  }

  @Test func inPlace() {
    let tensor = Tensor([1.0, 2])
    tensor.addInPlace(Tensor([10.0, 20]), scale: 0.5)
    #expect(tensor.doubles == [6, 12])
    tensor.multiplyInPlace(2)
    tensor.multiplyInPlace(Tensor([1.0, -1]))
    #expect(tensor.doubles == [12, -24])
    tensor.copyInPlace(from: Tensor([3, 4]))
    let counts = Tensor([3, 4])
    counts.addInPlace(Tensor(1, dtype: .int64))
    counts.addInPlace(Tensor([10, 20]), scale: 2)
    #expect(counts.integers == [24, 45])
    #expect(tensor.doubles == [3, 4])
    #expect(tensor.dtype == .float64)
  }
}
