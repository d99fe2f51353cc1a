import GRPCCore
import NIOCore

/// A request for predictions in Triton's binary form of HTTP: a JSON document, and the tensors' bytes behind it.
package struct InferenceBody {
  /// The most bytes of a request, as the service has it.
  package static let mostBytes = 64 << 20

  /// The document and the bytes.
  package let bytes: ByteBuffer
  /// The number of bytes of the document.
  package let documentLength: Int

  /// Translates a request.
  /// - Throws: `RPCError(.invalidArgument)` that names the place in the request, `RPCError(.resourceExhausted)` for more
  ///   bytes than a request may have.
  package init(_ request: Inference_ModelInferRequest) throws(RPCError) {
    let raw = request.rawInputContents
    guard raw.isEmpty || raw.count == request.inputs.count else {
      throw RPCError(
        code: .invalidArgument,
        message: "raw_input_contents: there are \(raw.count) for \(request.inputs.count) inputs, and the service has "
          + "no shared memory")
    }
    var tensors = ByteBuffer()
    tensors.reserveCapacity(try Self.checked(raw.reduce(0) { $0 + $1.count }))
    var sizes: [Int] = []
    for (place, input) in request.inputs.enumerated() {
      let start = tensors.writerIndex
      if raw.isEmpty {
        try TensorContents(input, key: "inputs[\(place)]").write(to: &tensors)
      } else {
        guard !input.hasContents else {
          throw RPCError(
            code: .invalidArgument, message: "inputs[\(place)].contents: raw_input_contents has the elements already")
        }
        tensors.writeBytes(raw[place])
      }
      sizes.append(try Self.checked(tensors.writerIndex) - start)
    }
    let document = try InferenceDocument(request, sizes: sizes).json()
    documentLength = document.count
    var bytes = ByteBuffer()
    bytes.reserveCapacity(document.count + tensors.readableBytes)
    bytes.writeBytes(document)
    bytes.writeBuffer(&tensors)
    self.bytes = bytes
  }

  /// A number of bytes that a request may have.
  private static func checked(_ count: Int) throws(RPCError) -> Int {
    guard count <= mostBytes else {
      throw RPCError(code: .resourceExhausted, message: "the tensors of a request may have \(mostBytes >> 20) MiB")
    }
    return count
  }
}
