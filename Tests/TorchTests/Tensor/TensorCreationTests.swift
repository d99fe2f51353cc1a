import Testing
import Torch

@Suite struct TensorCreationTests {
  @Test func elementsComeBackInEveryType() {
    #expect(Tensor([1.5, -2, .infinity] as [Float]).floats == [1.5, -2, .infinity])
    #expect(Tensor([0.1, 1e300] as [Double]).doubles == [0.1, 1e300])
    #expect(Tensor([Int.min, 0, Int.max]).integers == [.min, 0, .max])
    #expect(Tensor([Int64(-3)]).array(of: Int64.self) == [-3])
    #expect(Tensor([Int32.min, 7]).array(of: Int32.self) == [.min, 7])
    #expect(Tensor([0, 255] as [UInt8]).array(of: UInt8.self) == [0, 255])
    #expect(Tensor([true, false, true]).array(of: Bool.self) == [true, false, true])
  }

  @Test(arguments: [
    (Tensor([Float(1)]).dtype, DType.float32), (Tensor([1.0]).dtype, .float64), (Tensor([1]).dtype, .int64),
    (Tensor([Int32(1)]).dtype, .int32), (Tensor([UInt8(1)]).dtype, .uint8), (Tensor([true]).dtype, .bool),
    (Tensor(1).dtype, .float32), (Tensor(1, dtype: .float64).dtype, .float64),
    (Tensor.range(3).dtype, .int64), (Tensor.range(0, 3, dtype: .float32).dtype, .float32),
  ])
  func typesFollowTheElements(found: DType, expected: DType) {
    #expect(found == expected)
  }

  @Test(arguments: DType.allCases)
  func everyTypeHoldsSmallNumbers(dtype: DType) {
    let tensor = Tensor([0, 1, 1, 0] as [Float], shape: [2, 2]).to(dtype)
    #expect(tensor.dtype == dtype)
    #expect(tensor.doubles == [0, 1, 1, 0])
    #expect(tensor.withBytes { $0.count } == 4 * dtype.byteCount)
    for made in [Tensor.zeros([3], dtype: dtype), tensor.zerosLike()] {
      #expect(made.dtype == dtype)
      #expect(made.doubles.allSatisfy { $0 == 0 })
    }
    #expect(Tensor.ones([2], dtype: dtype).doubles == [1, 1])
    #expect(Tensor.full([2], 1, dtype: dtype).doubles == [1, 1])
    #expect(tensor.onesLike().shape == [2, 2])
  }

  /// f16 keeps 11 significant bits and bf16 8. The cases are the nearest values to 1/3 and 65 519.
  @Test(arguments: [
    (DType.float16, 1.0 / 3, 0.333251953125), (.float16, 65519, 65504), (.float16, 65520, .infinity),
    (.bfloat16, 1.0 / 3, 0.333984375), (.bfloat16, 65519, 65536), (.bfloat16, 1e38, 9.969209968386869e37),
  ])
  func halvesRoundToTheNearest(dtype: DType, value: Double, nearest: Double) {
    expectClose(Tensor([Float(value)]).to(dtype).doubles, [nearest], relative: 1e-9)
  }

  @Test func conversions() {
    #expect(Tensor([-1.9, 2.9]).to(.int64).integers == [-1, 2])
    #expect(Tensor([0, 0.5, -2]).to(.bool).array(of: Bool.self) == [false, true, true])
    #expect(Tensor([3, 4]).floats == [3, 4])
    let tensor = Tensor([1.0])
    #expect(tensor.to(.float64) === tensor)
    #expect(tensor.to(.cpu) === tensor)
  }

  @Test func shapes() {
    let tensor = Tensor((0..<24).map(Float.init), shape: [2, 3, 4])
    #expect(tensor.shape == [2, 3, 4])
    #expect(tensor.rank == 3)
    #expect(tensor.count == 24)
    #expect(tensor.size(0) == 2)
    #expect(tensor.size(-1) == 4)
    #expect(tensor.description == "float32[2, 3, 4]")
    #expect(tensor.device == .cpu)
    #expect(Tensor([1, 2]).shape == [2])
    #expect(Tensor(2.5).shape == [])
    #expect(Tensor(2.5).count == 1)
    #expect(Tensor(2.5).item == 2.5)
    #expect(Tensor([7], shape: []).item == 7)
    #expect(Tensor.empty([5, 0, 2]).count == 0)
    #expect(Tensor([Float](), shape: [0, 3]).floats == [])
    #expect(Tensor.range(2, 5).integers == [2, 3, 4])
    #expect(Tensor.full([2], -0.5).floats == [-0.5, -0.5])
  }

  @Test func elementsAreCopiedInRowMajorOrderWhateverTheStrides() {
    let tensor = Tensor((0..<6).map(Double.init), shape: [2, 3]).transposed()
    #expect(!tensor.isContiguous)
    #expect(tensor.doubles == [0, 3, 1, 4, 2, 5])
    #expect(tensor.withBytes { Array($0.bindMemory(to: Double.self)) } == [0, 3, 1, 4, 2, 5])
    #expect(tensor.contiguous().isContiguous)
  }

  @Test func randomNumbersLieWithinTheirBounds() {
    let generator = Generator(seed: 5)
    let uniform = Tensor.uniform([10_000], in: -2..<3, generator: generator, dtype: .float64)
    #expect(uniform.minimum().item >= -2)
    #expect(uniform.maximum().item < 3)
    #expect(abs(uniform.mean().item - 0.5) < 0.06)  // 4 standard errors: 4 · 5/√12/100
    let normal = Tensor.normal([10_000], generator: generator, dtype: .float64)
    #expect(abs(normal.mean().item) < 0.04)
    #expect(abs(normal.variance().item - 1) < 0.06)
  }
}
