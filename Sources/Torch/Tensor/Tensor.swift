import CTorchInterface

/// An n-dimensional array on a device, with its place in the autograd graph.
///
/// A value of this class is one reference to a libtorch tensor, given up in `deinit`. Views share memory.
/// Not Sendable: libtorch's tensors may be changed in place, so one belongs to one task at a time.
/// Operations on shapes that do not fit end the process with the operator and the shapes.
public final class Tensor: CustomStringConvertible {
  let handle: ctorch_tensor

  init(owning handle: ctorch_tensor) { self.handle = handle }

  deinit { Door.table.release(handle) }

  /// The size along each dimension.
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

  /// Where the memory is.
  public var device: Device { Device(code: Door.table.device(handle)) }

  /// Whether the elements lie in row-major order without gaps.
  public var isContiguous: Bool { Door.table.is_contiguous(handle) }

  /// The size along one dimension; negative ones count from the end.
  public func size(_ dimension: Int) -> Int {
    let shape = shape
    return shape[dimension < 0 ? shape.count + dimension : dimension]
  }

  /// Element type, shape and device, such as `float32[24, 50, 40]`; not the elements.
  public var description: String { "\(dtype)\(shape)\(device == .cpu ? "" : " on \(device)")" }
}
