/// A writer of safetensors files that replaces them atomically (see `AtomicFile`).
///
/// The same tensors always give the same bytes: tensors keep the given order, and metadata keeps the order of its keys.
/// Spaces after the header let the data start at a multiple of eight. Every tensor is aligned if all have the same
/// element type, or if the wider types come first.
///
/// ```swift
/// let items = model.state().map { SafetensorsWriter.Item($0.key, $0.tensor) }
/// try SafetensorsWriter.write(to: "model.safetensors", items, metadata: ["format": "pt"])
/// ```
public enum SafetensorsWriter {
  /// A tensor to write.
  public struct Item {
    /// A function that takes the bytes of a tensor, piece by piece, in order.
    public typealias Sink = (UnsafeRawBufferPointer) throws(Fault) -> Void

    /// The tensor's name.
    public var name: String
    /// The type of its elements.
    public var dtype: SafetensorsType
    /// The tensor's extents, empty for a scalar.
    public var shape: [Int]
    /// A function that produces the little-endian bytes in row-major order. The writer calls it once, in the tensor's
    /// turn.
    public var bytes: (Sink) throws(Fault) -> Void

    /// Makes a tensor whose bytes are produced while the file is written.
    public init(
      _ name: String, _ dtype: SafetensorsType, _ shape: [Int], bytes: @escaping (Sink) throws(Fault) -> Void
    ) {
      self.name = name
      self.dtype = dtype
      self.shape = shape
      self.bytes = bytes
    }

    /// Makes a tensor from elements in memory, in row-major order.
    public init<Element: BitwiseCopyable>(
      _ name: String, _ dtype: SafetensorsType, _ shape: [Int], elements: [Element]
    ) {
      self.init(name, dtype, shape) { (sink) throws(Fault) in
        try withRawBytes(of: elements, sink)
      }
    }
  }

  /// Replaces the file at a path, or makes it.
  ///
  /// - Parameters:
  ///   - path: The destination. Its folder must exist.
  ///   - tensors: The tensors in the order of the file.
  ///   - metadata: The free entries under `__metadata__`.
  /// - Throws: `Fault(.cannotWrite)` with the system's words; the file at `path` is then unchanged.
  ///   `Fault(.failure)` for a repeated name, an invalid shape, or bytes that do not fit a shape.
  public static func write(
    to path: String, _ tensors: [Item], metadata: [String: String] = [:]
  ) throws(Fault) {
    try write(to: path, tensors, metadata: metadata, sweeps: true)
  }

  /// Replaces the file at a path like `write(to:_:metadata:)`.
  /// - Parameter sweeps: false to leave what killed writers have left (``AtomicFile``).
  package static func write(
    to path: String, _ tensors: [Item], metadata: [String: String], sweeps: Bool
  ) throws(Fault) {
    let header = try header(of: tensors, metadata: metadata, file: path)
    try AtomicFile.write(to: path, sweeps: sweeps) { (output) throws(Fault) in
      try output.write(header)
      for tensor in tensors {
        let size = tensor.dtype.byteCount(of: tensor.shape) ?? 0
        var written = 0
        try tensor.bytes { (bytes) throws(Fault) in
          written += bytes.count
          try output.write(bytes)
        }
        guard written == size else {
          throw Fault(
            .failure, "a tensor's bytes do not fit its shape", file: path, key: tensor.name, found: "\(written) bytes",
            expected: "\(size) for \(tensor.dtype.rawValue) \(tensor.shape)")
        }
      }
    }
  }

  /// Returns the header's length and JSON, with spaces up to a multiple of eight bytes.
  private static func header(of tensors: [Item], metadata: [String: String], file: String) throws(Fault) -> [UInt8] {
    var members: [OrderedJSON.Member] = []
    if !metadata.isEmpty {
      let entries = metadata.sorted { $0.key < $1.key }.map { OrderedJSON.Member($0.key, .string($0.value)) }
      members.append(.init("__metadata__", .object(entries)))
    }
    var names: Set<String> = ["__metadata__"]
    var offset = 0
    for tensor in tensors {
      guard names.insert(tensor.name).inserted else {
        throw Fault(.failure, "a tensor's name stands twice or is reserved", file: file, key: tensor.name)
      }
      let end = tensor.dtype.byteCount(of: tensor.shape).map { offset.addingReportingOverflow($0) }
      guard let end, !end.overflow else {
        throw Fault(
          .failure, "a tensor has an impossible shape", file: file, key: tensor.name, found: "\(tensor.shape)")
      }
      members.append(
        .init(
          tensor.name,
          [
            "dtype": .string(tensor.dtype.rawValue), "shape": .array(tensor.shape.map(OrderedJSON.integer)),
            "data_offsets": [.integer(offset), .integer(end.partialValue)],
          ]))
      offset = end.partialValue
    }
    var json = Array(OrderedJSON.object(members).text(.line).utf8)
    json.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - json.count % 8) % 8))
    guard json.count <= SafetensorsHeader.longestHeader else {
      throw Fault(.failure, "the header is too long", file: file, found: "\(json.count) bytes")
    }
    return withUnsafeBytes(of: UInt64(json.count).littleEndian, Array.init) + json
  }
}
