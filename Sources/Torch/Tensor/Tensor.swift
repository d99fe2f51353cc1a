import CTorchInterface

/// An n-dimensional array on a device, with its place in the autograd graph.
///
/// An object is one reference to a libtorch tensor, and `deinit` releases it. Views share memory. The class is not
/// Sendable: tensors can change in place, so one belongs to one task at a time. An operation on shapes that do not fit
/// ends the process with the operator and the shapes.
///
/// ```swift
/// let x = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
/// let weight = Tensor.normal([4, 3]).requiringGradient()
/// let y = x.linear(weight, nil).relu()  // [2, 4]
/// y.sum().backward()
/// print(weight.gradient!.shape, y.floats)
/// ```
public final class Tensor: CustomStringConvertible {
  let handle: ctorch_tensor

  init(owning handle: ctorch_tensor) { self.handle = handle }

  deinit { Door.table.release(handle) }

  /// The size of each dimension.
  public var shape: [Int] {
    let count = Int(Door.table.dimensions(handle))
    guard count > 0, let sizes = Door.table.sizes(handle) else { return [] }
    return (0..<count).map { Int(sizes[$0]) }
  }

  /// The number of dimensions.
  public var rank: Int { Int(Door.table.dimensions(handle)) }

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }

  /// The type of the elements.
  public var dtype: DType {
    let code = Door.table.element_type(handle)
    guard let dtype = DType(rawValue: code) else { Door.fail("a tensor of libtorch's element type \(code)") }
    return dtype
  }

  /// The device that holds the memory.
  public var device: Device { Device(code: Door.table.device(handle)) }

  /// True if the elements are in row-major order without gaps.
  public var isContiguous: Bool { Door.table.is_contiguous(handle) }

  /// Returns the size of one dimension. A negative index counts from the end.
  public func size(_ dimension: Int) -> Int {
    let shape = shape
    return shape[dimension < 0 ? shape.count + dimension : dimension]
  }

  /// The element type, shape and device, such as `float32[24, 50, 40]`. The elements are not included.
  public var description: String { "\(dtype)\(shape)\(device == .cpu ? "" : " on \(device)")" }
}
