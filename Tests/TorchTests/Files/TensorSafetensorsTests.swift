import Foundation
import Testing
import Torch

@Suite struct TensorSafetensorsTests {
  @Test(arguments: DType.allCases)
  func everyTypeComesBackBitForBit(dtype: DType) throws {
    let generator = Generator(seed: 23)
    let tensor = (Tensor.normal([3, 4], generator: generator) * 3).to(dtype)
    try withTemporaryFolder { folder in
      let path = folder + "/x.safetensors"
      try SafetensorsWriter.write(
        to: path,
        [
          .init("x", tensor), .init("scalar", tensor[0][0]), .init("empty", .empty([0, 2], dtype: dtype)),
          .init("transposed", tensor.transposed()), .init("gradient", tensor[1..<2]),
        ])
      let file = try SafetensorsFile(path: path)
      for (name, expected) in [
        ("x", tensor), ("scalar", tensor[0][0]), ("empty", .empty([0, 2], dtype: dtype)),
        ("transposed", tensor.transposed()), ("gradient", tensor[1]),
      ] {
        for found in [try file.tensor(name), try file.mapped(name), try file.tensors()[name]!] {
          #expect(found.dtype == dtype)
          #expect(found.shape == (name == "gradient" ? [1, 4] : expected.shape), "\(name)")
          #expect(found.withBytes { Array($0) } == expected.withBytes { Array($0) }, "\(name)")
        }
      }
      #expect(try file.tensors().count == 5)
    }
  }

  /// Reading gives pages back to the system. They hold the same numbers when they are read again.
  @Test func readingTwiceGivesTheSame() throws {
    try withTemporaryFolder { folder in
      let (small, large) = (Tensor.normal([3]), Tensor.normal([200, 100]))
      try SafetensorsWriter.write(to: folder + "/x", [.init("a", large), .init("b", small), .init("c", large + 1)])
      let file = try SafetensorsFile(path: folder + "/x")
      let view = try file.mapped("a")
      for _ in 0..<2 {
        #expect(try file.tensor("a").floats == large.floats)
        #expect(try file.tensor("b").floats == small.floats)
        #expect(try file.tensor("c").floats == (large + 1).floats)
      }
      #expect(view.floats == large.floats)
    }
  }

  @Test func typesOfFilesAndTensorsAreThoseOfEachOther() {
    for type in SafetensorsType.allCases {
      #expect(SafetensorsType(DType(type)) == type)
      #expect(DType(type).byteCount == type.size)
    }
    for dtype in DType.allCases { #expect(DType(SafetensorsType(dtype)) == dtype) }
  }

  @Test func aParameterIsWrittenWithoutItsGraph() throws {
    try withTemporaryFolder { folder in
      let x = Tensor([1.0, 2]).requiringGradient()
      try SafetensorsWriter.write(to: folder + "/x", [.init("x", x), .init("y", x * 2)])
      let file = try SafetensorsFile(path: folder + "/x")
      #expect(try file.tensor("y").doubles == [2, 4])
      #expect(try !file.tensor("x").requiresGradient)
    }
  }

  /// A tensor behind one byte has an odd address, so reading copies it.
  @Test(arguments: [SafetensorsType.f64, .f32, .i64, .bf16])
  func dataThatIsNotAligned(type: SafetensorsType) throws {
    try withTemporaryFolder { folder in
      let tensor = Tensor([1, 2, -3]).to(DType(type))
      try SafetensorsWriter.write(
        to: folder + "/x", [.init("byte", .u8, [1], elements: [UInt8(9)]), .init("x", tensor)])
      let file = try SafetensorsFile(path: folder + "/x")
      #expect(try #require(file["x"]).range.lowerBound % type.size == 1)
      for found in [try file.tensor("x"), try file.mapped("x")] {
        #expect(found.dtype == DType(type))
        #expect(found.integers == [1, 2, -3])
      }
    }
  }

  @Test func aMappedTensorOutlivesTheFile() throws {
    var views: [Tensor] = []
    weak var weakFile: SafetensorsFile?
    try withTemporaryFolder { folder in
      let path = folder + "/x"
      try SafetensorsWriter.write(to: path, [.init("x", Tensor.range(0, 100_000, dtype: .float32))])
      let file = try SafetensorsFile(path: path)
      views.append(try file.mapped("x").slice(0, 99_990))
      weakFile = file
    }
    #expect(weakFile != nil)
    #expect(views[0].floats.first == 99_990)
    #expect(views[0].sum().item == 999_945)
    views.removeAll()
    #expect(weakFile == nil)
  }

  @Test func aCopiedTensorLeavesTheFileAlone() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/x"
      try SafetensorsWriter.write(to: path, [.init("x", Tensor([1.0]))])
      let file = try SafetensorsFile(path: path)
      let tensor = try file.tensor("x")
      tensor.fillInPlace(2)
      #expect(try file.mapped("x").item == 1)
    }
  }

  /// A truth value other than 0 and 1 would be undefined behaviour in Swift and in C++.
  @Test func truthValuesOfAForeignFileBecomeZeroOrOne() throws {
    try withTemporaryFolder { folder in
      try SafetensorsWriter.write(
        to: folder + "/x", [.init("x", .bool, [4], elements: [0, 1, 2, 255] as [UInt8])])
      let file = try SafetensorsFile(path: folder + "/x")
      for found in [try file.tensor("x"), try file.mapped("x")] {
        #expect(found.dtype == .bool)
        #expect(found.withBytes { Array($0) } == [0, 1, 1, 1])
      }
    }
  }

  @Test func namesThatAreNotThere() throws {
    try withTemporaryFolder { folder in
      try SafetensorsWriter.write(to: folder + "/x", [.init("weight", Tensor([1.0]))])
      let file = try SafetensorsFile(path: folder + "/x")
      for read in [file.tensor, file.mapped] {
        let fault = #expect(throws: Fault.self) { try read("wieght") }
        #expect(fault?.key == "wieght")
        #expect(fault?.found == "weight")
      }
    }
  }
}
