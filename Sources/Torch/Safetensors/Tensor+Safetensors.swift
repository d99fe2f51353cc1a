extension SafetensorsFile {
  /// Returns a tensor of the file, copied into its own memory.
  ///
  /// - Throws: `Fault(.badData)` if there is no tensor of this name.
  public func tensor(_ name: String) throws(Fault) -> Tensor {
    let tensor = try withBytes(of: name) { (bytes) throws(Fault) -> Tensor in
      let entry = self[name]!
      return .copying(bytes, as: entry.dtype, shape: entry.shape)
    }
    forget(name)
    return tensor
  }

  /// Returns a read-only tensor over the file's own pages. Nothing is copied before its first use.
  ///
  /// The tensor keeps the file mapped. Truth values are copied, and so is data that is not aligned to its element size.
  /// - Throws: `Fault(.badData)` if there is no tensor of this name.
  public func mapped(_ name: String) throws(Fault) -> Tensor {
    let view = try withBytes(of: name) { (bytes) throws(Fault) -> Tensor? in
      let entry = self[name]!
      guard let start = bytes.baseAddress, !bytes.isEmpty, entry.dtype != .bool,
        Int(bitPattern: start) % entry.dtype.size == 0
      else {
        return nil
      }
      return .wrapping(
        UnsafeMutableRawPointer(mutating: start), shape: entry.shape, dtype: DType(entry.dtype),
        release: { withExtendedLifetime(self) {} })
    }
    if let view { return view }
    return try tensor(name)
  }

  /// Returns copies of all tensors of the file by name.
  public func tensors() throws(Fault) -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for entry in entries { result[entry.name] = try tensor(entry.name) }
    return result
  }
}

extension Tensor {
  /// Makes a tensor from a copy of little-endian bytes in row-major order, as many as the shape needs.
  package static func copying(_ bytes: UnsafeRawBufferPointer, as type: SafetensorsType, shape: [Int]) -> Tensor {
    // Truth values are read as bytes, because a value other than 0 and 1 would be undefined behaviour.
    let tensor = Tensor.empty(shape, dtype: type == .bool ? .uint8 : DType(type))
    if let start = bytes.baseAddress, !bytes.isEmpty { tensor.data.copyMemory(from: start, byteCount: bytes.count) }
    return tensor.to(DType(type))
  }
}

extension SafetensorsWriter.Item {
  /// Makes an item from a tensor. Its bytes come from its device in its turn.
  public init(_ name: String, _ tensor: Tensor) {
    self.init(name, SafetensorsType(tensor.dtype), tensor.shape) { (sink) throws(Fault) in
      let source = noGrad { tensor.detached().to(.cpu).contiguous() }
      defer { withExtendedLifetime(source) {} }
      try sink(UnsafeRawBufferPointer(start: source.data, count: source.count * source.dtype.byteCount))
    }
  }
}

extension DType {
  /// Makes the element type in memory that matches one in a file.
  public init(_ type: SafetensorsType) {
    self =
      switch type {
      case .f64: .float64
      case .f32: .float32
      case .f16: .float16
      case .bf16: .bfloat16
      case .i64: .int64
      case .i32: .int32
      case .i16: .int16
      case .i8: .int8
      case .u8: .uint8
      case .bool: .bool
      }
  }
}

extension SafetensorsType {
  /// Makes the element type in a file that matches one in memory.
  public init(_ dtype: DType) {
    self =
      switch dtype {
      case .float64: .f64
      case .float32: .f32
      case .float16: .f16
      case .bfloat16: .bf16
      case .int64: .i64
      case .int32: .i32
      case .int16: .i16
      case .int8: .i8
      case .uint8: .u8
      case .bool: .bool
      }
  }
}
