import CTorchInterface
import Foundation

extension Tensor {
  /// Makes a tensor from a copy of `elements` in row-major order. Without a shape it has one dimension.
  public convenience init<Element: TensorScalar>(_ elements: [Element], shape: [Int]? = nil) {
    let shape = shape ?? [elements.count]
    guard shape.reduce(1, *) == elements.count else {
      Door.fail("\(elements.count) elements do not fill the shape \(shape)")
    }
    self.init(owning: Tensor.empty(shape, dtype: Element.dtype).retained())
    guard !AbstractTensors.isActive else { return }
    elements.withUnsafeBytes { source in
      if let address = source.baseAddress { data.copyMemory(from: address, byteCount: source.count) }
    }
  }

  /// Makes a tensor without dimensions that holds one number.
  public convenience init(_ scalar: Double, dtype: DType = .float32) {
    self.init(owning: Tensor.full([], scalar, dtype: dtype).retained())
  }

  /// Makes a tensor over the caller's memory. It calls `release` after its last view has gone.
  package static func wrapping(
    _ memory: UnsafeMutableRawPointer, shape: [Int], dtype: DType, release: @escaping () -> Void
  ) -> Tensor {
    let context = Unmanaged.passRetained(Release(release)).toOpaque()
    let sizes = shape.map(Int64.init)
    var handle: ctorch_tensor?
    let message = Door.message { error in
      handle = Door.table.wrap(
        memory, sizes, Int32(sizes.count), dtype.rawValue,
        { Unmanaged<Release>.fromOpaque($0!).takeRetainedValue().action() }, context, error)
    }
    guard let handle else { Door.fail("memory could not be wrapped: \(message ?? "")") }
    return Tensor(owning: handle)
  }

  /// Makes a tensor of uninitialised memory.
  public static func empty(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor {
    Operators.empty(.ints(shape), .dtype(dtype), .none, .device(device), .none, .none)
  }

  /// Makes a tensor of zeros.
  public static func zeros(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor {
    Operators.zeros(.ints(shape), .dtype(dtype), .none, .device(device), .none)
  }

  /// Makes a tensor of ones.
  public static func ones(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor {
    Operators.ones(.ints(shape), .dtype(dtype), .none, .device(device), .none)
  }

  /// Makes a tensor that repeats one number.
  public static func full(
    _ shape: [Int], _ value: Double, dtype: DType = .float32, device: Device = .cpu
  ) -> Tensor {
    Operators.full(.ints(shape), .double(value), .dtype(dtype), .none, .device(device), .none)
  }

  /// Makes the whole numbers 0 ..< `count`, as i64.
  public static func range(_ count: Int, device: Device = .cpu) -> Tensor { range(0, count, device: device) }

  /// Makes the whole numbers `start` ..< `end`.
  public static func range(
    _ start: Int, _ end: Int, dtype: DType = .int64, device: Device = .cpu
  ) -> Tensor {
    Operators.arange(.int(start), .int(end), .dtype(dtype), .none, .device(device), .none)
  }

  /// Draws from the standard normal distribution.
  public static func normal(
    _ shape: [Int], generator: Generator? = nil, dtype: DType = .float32, device: Device = .cpu
  ) -> Tensor {
    Operators.randn(
      .ints(shape), .generator(generator ?? Generator.ofThread.value), .dtype(dtype), .none, .device(device), .none)
  }

  /// Draws from the uniform distribution over `bounds`.
  public static func uniform(
    _ shape: [Int], in bounds: Range<Double> = 0..<1, generator: Generator? = nil, dtype: DType = .float32,
    device: Device = .cpu
  ) -> Tensor {
    let unit = Operators.rand(
      .ints(shape), .generator(generator ?? Generator.ofThread.value), .dtype(dtype), .none, .device(device), .none)
    return bounds == 0..<1 ? unit : unit * (bounds.upperBound - bounds.lowerBound) + bounds.lowerBound
  }

  /// Makes a tensor of zeros with the same shape, type and device.
  public func zerosLike() -> Tensor { .zeros(shape, dtype: dtype, device: device) }

  /// Makes a tensor of ones with the same shape, type and device.
  public func onesLike() -> Tensor { .ones(shape, dtype: dtype, device: device) }

  /// The address of the first element, valid while `self` is alive. The memory must be on the CPU.
  var data: UnsafeMutableRawPointer {
    var address: UnsafeMutableRawPointer?
    let message = Door.message { address = Door.table.data(handle, $0) }
    if let message { Door.fail(message) }
    return address ?? UnsafeMutableRawPointer(bitPattern: 16)!
  }

  func retained() -> ctorch_tensor {
    Door.table.retain(handle)
    return handle
  }
}

/// Keeps a closure alive for a C callback.
private final class Release {
  let action: () -> Void
  init(_ action: @escaping () -> Void) { self.action = action }
}
