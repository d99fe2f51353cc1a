extension SafetensorsFile {
  /// A tensor of the file, copied into memory of its own.
  ///
  /// - Throws: `Fault(.badData)` when there is no tensor of this name.
  public func tensor(_ name: String) throws(Fault) -> Tensor {
    try withBytes(of: name) { (bytes) throws(Fault) in
      let entry = self[name]!
      // Truth values are read as bytes: any that is neither 0 nor 1 would be undefined behaviour.
      let tensor = Tensor.empty(entry.shape, dtype: entry.dtype == .bool ? .uint8 : DType(entry.dtype))
      if let start = bytes.baseAddress, !bytes.isEmpty { tensor.data.copyMemory(from: start, byteCount: bytes.count) }
      return tensor.to(DType(entry.dtype))
    }
  }

  /// A tensor over the file's own pages, to be read only: nothing is copied until it is used.
  ///
  /// The tensor keeps the file mapped. Data that does not lie at a multiple of its element size is copied, and so
  /// are truth values.
  /// - Throws: `Fault(.badData)` when there is no tensor of this name.
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

  /// All tensors of the file by name, copied.
  public func tensors() throws(Fault) -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for entry in entries { result[entry.name] = try tensor(entry.name) }
    return result
  }
}

extension SafetensorsWriter.Item {
  /// A tensor to write; its bytes are fetched from its device when it is their turn.
  public init(_ name: String, _ tensor: Tensor) {
    self.init(name, SafetensorsType(tensor.dtype), tensor.shape) { (sink) throws(Fault) in
      let source = noGrad { tensor.detached().to(.cpu).contiguous() }
      defer { withExtendedLifetime(source) {} }
      try sink(UnsafeRawBufferPointer(start: source.data, count: source.count * source.dtype.byteCount))
    }
  }
}

extension DType {
  /// The same element type in memory.
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
  /// The same element type in a file.
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
