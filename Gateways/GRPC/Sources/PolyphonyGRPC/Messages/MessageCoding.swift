import GRPCCore
import SwiftProtobuf

/// Messages of Protocol Buffers as gRPC sends them. The package grpc-swift-protobuf has the same, and brings a compiler
/// of protocols with it that takes minutes to build.
struct MessageCoding<Message: SwiftProtobuf.Message>: MessageSerializer, MessageDeserializer {
  func serialize<Bytes: GRPCContiguousBytes>(_ message: Message) throws -> Bytes {
    do {
      return try (message.serializedBytes() as Adapter<Bytes>).bytes
    } catch {
      throw RPCError(code: .internalError, message: "the answer cannot be written", cause: error)
    }
  }

  func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> Message {
    do {
      return try Message(serializedBytes: Adapter(bytes: bytes))
    } catch {
      throw RPCError(code: .invalidArgument, message: "the message is no \(Message.protoMessageName)", cause: error)
    }
  }

  /// The bytes of gRPC as those of Protocol Buffers, without a copy.
  private struct Adapter<Bytes: GRPCContiguousBytes>: SwiftProtobufContiguousBytes {
    var bytes: Bytes

    init(bytes: Bytes) { self.bytes = bytes }
    init(repeating byte: UInt8, count: Int) { bytes = Bytes(repeating: byte, count: count) }
    init(_ sequence: some Sequence<UInt8>) { bytes = Bytes(sequence) }

    var count: Int { bytes.count }

    func withUnsafeBytes<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
      try bytes.withUnsafeBytes(body)
    }

    mutating func withUnsafeMutableBytes<Value>(
      _ body: (UnsafeMutableRawBufferPointer) throws -> Value
    ) rethrows -> Value {
      try bytes.withUnsafeMutableBytes(body)
    }
  }
}
