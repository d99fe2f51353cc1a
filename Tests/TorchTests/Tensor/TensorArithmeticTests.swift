import Foundation
import Testing
import Torch

@Suite struct TensorArithmeticTests {
  @Test func operators() {
    let (a, b) = (Tensor([1.0, -2, 3]), Tensor([4.0, 0.5, -1]))
    let table: [(String, Tensor, [Double])] = [
      ("a + b", a + b, [5, -1.5, 2]), ("a − b", a - b, [-3, -2.5, 4]), ("a · b", a * b, [4, -1, -3]),
      ("a / b", a / b, [0.25, -4, -3]), ("a + 1", a + 1, [2, -1, 4]), ("1 + a", 1 + a, [2, -1, 4]),
      ("a − 1", a - 1, [0, -3, 2]), ("1 − a", 1 - a, [0, 3, -2]), ("a · 2", a * 2, [2, -4, 6]),
      ("2 · a", 2 * a, [2, -4, 6]), ("a / 2", a / 2, [0.5, -1, 1.5]), ("2 / b", 2 / b, [0.5, 4, -2]),
      ("−a", -a, [-1, 2, -3]), ("maximum", .maximum(a, b), [4, 0.5, 3]), ("minimum", .minimum(a, b), [1, -2, -1]),
      ("clamped", a.clamped(-1, 2), [1, -1, 2]), ("clamped below", a.clamped(0, nil), [1, 0, 3]),
      ("clamped above", a.clamped(nil, 0), [0, -2, 0]), ("rounded", Tensor([0.5, 1.5, -2.5]).rounded(), [0, 2, -2]),
      ("sign", Tensor([-3.0, 0, 2]).sign(), [-1, 0, 1]), ("squared", a.squared(), [1, 4, 9]),
      ("pow", a.pow(3), [1, -8, 27]),
    ]
    for (name, tensor, expected) in table { expectClose(tensor.doubles, expected, relative: 1e-15, name) }
  }

  @Test func functions() {
    let values = [0.25, 1, 2.5]
    let x = Tensor(values)
    let table: [(String, Tensor, (Double) -> Double)] = [
      ("abs", (-x).abs(), { $0 }), ("exp", x.exp(), exp), ("log", x.log(), log), ("sqrt", x.sqrt(), sqrt),
      ("sin", x.sin(), sin), ("cos", x.cos(), cos), ("tanh", x.tanh(), tanh),
      ("sigmoid", x.sigmoid(), { 1 / (1 + exp(-$0)) }),
      ("gelu", x.gelu(), { $0 * 0.5 * (1 + erf($0 / 2.0.squareRoot())) }),
    ]
    for (name, tensor, function) in table { expectClose(tensor.doubles, values.map(function), relative: 1e-14, name) }
  }

  @Test func broadcasting() {
    let (column, row) = (Tensor([1.0, 2], shape: [2, 1]), Tensor([10.0, 20, 30]))
    #expect((column + row).shape == [2, 3])
    #expect((column * row).doubles == [10, 20, 30, 20, 40, 60])
    #expect((row + Tensor(1, dtype: .float64)).doubles == [11, 21, 31])
    #expect((Tensor.zeros([4, 1, 2]) + Tensor.zeros([3, 1])).shape == [4, 3, 2])
    #expect((Tensor.zeros([0, 3]) + Tensor.zeros([3])).shape == [0, 3])
    #expect((Tensor([1]) + Tensor([Float(0.5)])).dtype == .float32)
  }

  @Test func comparison() {
    let (a, b) = (Tensor([1.0, 2, 3, .nan]), Tensor([2.0, 2, 2, .nan]))
    let table: [(String, Tensor, [Bool])] = [
      ("==", a .== b, [false, true, false, false]), ("== 2", a .== 2, [false, true, false, false]),
      (">", a .> b, [false, false, true, false]), ("> 2", a .> 2, [false, false, true, false]),
      (">=", a .>= b, [false, true, true, false]), (">= 2", a .>= 2, [false, true, true, false]),
      ("<", a .< b, [true, false, false, false]), ("< 2", a .< 2, [true, false, false, false]),
      ("<=", a .<= b, [true, true, false, false]), ("<= 2", a .<= 2, [true, true, false, false]),
      ("not", .!(a .== 2), [true, false, true, true]), ("and", (a .> 1) .& (a .< 3), [false, true, false, false]),
      ("or", (a .< 2) .| (a .> 2), [true, false, true, false]),
      ("not a number", .!Tensor([0.0, 1, 0, 2]), [true, false, true, false]),
    ]
    for (name, tensor, expected) in table {
      #expect(tensor.dtype == .bool, "\(name)")
      #expect(tensor.array(of: Bool.self) == expected, "\(name)")
    }
    #expect(a.selected(where: a .> b, otherwise: -b).doubles.prefix(3) == [-2, -2, 3])
    #expect(a.filled(9, where: a .== 2).doubles.prefix(3) == [1, 9, 3])
  }

  @Test func isFinite() {
    #expect(Tensor([1.0, -1e308]).isFinite)
    #expect(!Tensor([1.0, .nan]).isFinite)
    #expect(!Tensor([Float.infinity]).isFinite)
    #expect(!Tensor([1.0, -.infinity, 0]).isFinite)
    #expect(Tensor([1, 2]).isFinite)
    #expect(Tensor.empty([0]).isFinite)
  }

  @Test func products() {
    let (a, b) = (Tensor([1.0, 2, 3, 4], shape: [2, 2]), Tensor([5.0, 6, 7, 8], shape: [2, 2]))
    #expect(a.matmul(b).doubles == [19, 22, 43, 50])
    #expect(a.matmul(Tensor([1.0, 1])).doubles == [3, 7])
    #expect(Tensor.zeros([4, 1, 2, 3]).matmul(.zeros([5, 3, 6])).shape == [4, 5, 2, 6])
    let table: [(String, Tensor, [Double])] = [
      ("ij,jk->ik", .einsum("ij,jk->ik", a, b), [19, 22, 43, 50]), ("ij->ji", .einsum("ij->ji", a), [1, 3, 2, 4]),
      ("ii->", .einsum("ii->", a), [5]), ("ij,ij->i", .einsum("ij,ij->i", a, b), [17, 53]),
      ("i,j->ij", .einsum("i,j->ij", a[0], b[0]), [5, 6, 10, 12]),
      ("three", .einsum("ij,jk,kl->il", a, b, a).view(-1), a.matmul(b).matmul(a).doubles),
    ]
    for (equation, tensor, expected) in table { #expect(tensor.doubles == expected, "\(equation)") }
  }

  @Test func linearSystems() {
    let samples = Samples(24, .float64)
    let (matrix, right) = (samples.normal(3, 4, 4), samples.normal(3, 4, 2))
    expectClose(matrix.matmul(matrix.solved(right)), right, relative: 1e-11)
  }
}
