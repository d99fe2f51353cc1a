import GRPCCore
import NIOCore

/// The elements of an input that come in the fields of their types, and not as bytes.
package struct TensorContents {
  private let tensor: Inference_ModelInferRequest.InferInputTensor
  private let key: String

  /// The elements of a tensor.
  /// - Parameter key: the place of the tensor in the request, for messages.
  package init(_ tensor: Inference_ModelInferRequest.InferInputTensor, key: String) {
    (self.tensor, self.key) = (tensor, key)
  }

  /// Writes the elements in row-major order, little-endian.
  /// - Throws: `RPCError(.invalidArgument)` for elements in the field of another type, and for an element that its type
  ///   cannot hold.
  package func write(to buffer: inout ByteBuffer) throws(RPCError) {
    let contents = tensor.contents
    func write<Field, Stored: FixedWidthInteger>(
      _ field: [Field], _ name: String, _ convert: (Field) -> Stored?
    ) throws(RPCError) {
      try check(field.count, name)
      buffer.reserveCapacity(minimumWritableBytes: field.count * MemoryLayout<Stored>.size)
      for element in field {
        guard let stored = convert(element) else {
          throw refusal("\(element) is beyond the numbers of \(tensor.datatype)")
        }
        buffer.writeInteger(stored, endianness: .little)
      }
    }
    switch tensor.datatype {
    case "BOOL": try write(contents.boolContents, "bool_contents") { UInt8($0 ? 1 : 0) }
    case "INT8": try write(contents.intContents, "int_contents", Int8.init(exactly:))
    case "INT16": try write(contents.intContents, "int_contents", Int16.init(exactly:))
    case "INT32": try write(contents.intContents, "int_contents") { $0 }
    case "INT64": try write(contents.int64Contents, "int64_contents") { $0 }
    case "UINT8": try write(contents.uintContents, "uint_contents", UInt8.init(exactly:))
    case "UINT16": try write(contents.uintContents, "uint_contents", UInt16.init(exactly:))
    case "UINT32": try write(contents.uintContents, "uint_contents") { $0 }
    case "UINT64": try write(contents.uint64Contents, "uint64_contents") { $0 }
    case "FP32": try write(contents.fp32Contents, "fp32_contents", \.bitPattern)
    case "FP64": try write(contents.fp64Contents, "fp64_contents", \.bitPattern)
    case "BYTES":
      try check(contents.bytesContents.count, "bytes_contents")
      for text in contents.bytesContents {
        buffer.writeInteger(UInt32(text.count), endianness: .little)
        buffer.writeBytes(text)
      }
    case "FP16", "BF16":
      throw refusal("\(tensor.datatype) has no field of its own; raw_input_contents takes its bytes")
    default: throw refusal("the type \(tensor.datatype.prefix(80)) is unknown")
    }
  }

  /// Checks that the elements are in the field of their type and in no other one.
  private func check(_ count: Int, _ name: String) throws(RPCError) {
    let contents = tensor.contents
    let counts = [
      contents.boolContents.count, contents.intContents.count, contents.int64Contents.count,
      contents.uintContents.count, contents.uint64Contents.count, contents.fp32Contents.count,
      contents.fp64Contents.count, contents.bytesContents.count,
    ]
    if counts.reduce(0, +) != count { throw refusal("\(tensor.datatype) has its elements in \(name) alone") }
  }

  private func refusal(_ problem: String) -> RPCError {
    RPCError(code: .invalidArgument, message: "\(key).contents: \(problem)")
  }
}
