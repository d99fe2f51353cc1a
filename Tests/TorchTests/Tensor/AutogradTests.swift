import Testing
import Torch

@Suite struct AutogradTests {
  private func leaf(_ values: Double...) -> Tensor { Tensor(values).requiringGradient() }

  @Test func backwardAddsUp() {
    let x = leaf(2, 3)
    #expect(x.gradient == nil)
    x.squared().sum().backward()
    #expect(x.gradient?.doubles == [4, 6])
    (x * 10).sum().backward()
    #expect(x.gradient?.doubles == [14, 16])
    x.gradient = nil
    #expect(x.gradient == nil)
    x.gradient = Tensor([1.0, 1])
    (x * 10).backward(Tensor([1.0, 0.5]))
    #expect(x.gradient?.doubles == [11, 6])
  }

  @Test func gradientsOfChosenInputs() {
    let (x, y, unused) = (leaf(2, 3), leaf(5, 7), leaf(1))
    let product = (x * y).sum()
    let gradients = product.gradients(with: [y, unused, x])
    #expect(gradients.map { $0?.doubles } == [[2, 3], nil, [5, 7]])
    #expect(x.gradient == nil)
    let seeded = (x * y).gradients(with: [x], seed: Tensor([1.0, 0]))
    #expect(seeded[0]?.doubles == [5, 0])
  }

  @Test func theGraphServesTwiceWhereItIsRetained() {
    let x = leaf(2)
    let y = x.pow(3).sum()
    #expect(y.gradients(with: [x], retainGraph: true)[0]?.doubles == [12])
    #expect(y.gradients(with: [x])[0]?.doubles == [12])
    let z = x.pow(3).sum()
    z.backward(retainGraph: true)
    z.backward()
    #expect(x.gradient?.doubles == [24])
  }

  @Test func gradientsOfGradients() {
    let x = leaf(2, -1)
    let first = x.pow(3).sum().gradients(with: [x], createGraph: true)[0]!
    #expect(first.doubles == [12, 3])
    #expect(first.requiresGradient)
    let second = first.sum().gradients(with: [x], createGraph: true)[0]!
    #expect(second.doubles == [12, -6])
    #expect(second.sum().gradients(with: [x])[0]?.doubles == [6, 6])
  }

  @Test func leavesAndWhatFollowsFromThem() {
    let x = leaf(1)
    let y = x * 2
    #expect(x.isLeaf)
    #expect(!y.isLeaf)
    #expect(y.requiresGradient)
    #expect(!y.detached().requiresGradient)
    #expect(y.detached().isLeaf)
    x.requiringGradient(false)
    #expect(!(x * 2).requiresGradient)
  }

  @Test func noGradRecordsNothing() {
    struct Stop: Error {}
    let x = leaf(1)
    #expect(!noGrad { x * 2 }.requiresGradient)
    #expect((x * 2).requiresGradient)
    noGrad {
      noGrad {}
      #expect(!(x * 2).requiresGradient, "the outer scope still holds")
    }
    #expect(throws: Stop.self) { try noGrad { throw Stop() } }
    #expect((x * 2).requiresGradient, "and ends with an error too")
  }

  @Test func detachedMemoryIsShared() {
    let x = leaf(1, 2)
    x.detached().fillInPlace(5)
    #expect(x.doubles == [5, 5])
  }

  /// Gradients pass through operations that select, place, repeat and join.
  @Test func shapesKeepGradients() {
    let samples = Samples(1, .float64)
    let (x, y, probe) = (samples.leaf(3, 4), samples.leaf(2, 4), samples.normal(5, 4))
    let table: [(String, () -> Tensor)] = [
      ("concatenated", { .concatenated([x, y]) * probe }),
      ("rows", { x.rows(Tensor([0, 2, 2, 1, 0])) * probe + y.sum() }),
      ("gathered", { x.gathered(1, Tensor([3, 0, 0], shape: [3, 1])) * y.sum(0) }),
      ("replacing", { x.replacing([Tensor([0, 2])], with: y).squared() }),
      ("filled", { x.filled(0, where: x .> 0).squared() + y.sum() }),
      ("selected", { x[0..<2].selected(where: y .> 0, otherwise: y).squared() + x.sum() }),
      ("expanded", { x.unsqueezed(0).expanded(2, 3, 4).permuted(2, 0, 1).squared() * y.mean() }),
      ("split and padded", { x.split([1, 3], 1)[1].padded([1, 0]).squared() + y[0] }),
      ("einsum", { .einsum("ij,kj->ik", x, y).squared() }),
      ("variance and norm", { x.variance(0) + y.norm(0) }),
      ("log-sum-exp", { (x.logSumExp(1) - 1).squared() + y.maximum() }),
      ("matmul and tanh", { x.matmul(y.transposed()).tanh().exp() }),
      ("quotients", { 1 / (x.squared() + 1) + (y.sigmoid() / 3).sum() }),
    ]
    for (name, function) in table {
      #expect(function().requiresGradient, "\(name)")
      expectGradients(of: [("\(name), x", x), ("\(name), y", y)]) { function().sum() }
    }
  }
}
