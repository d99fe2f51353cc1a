import GRPCCore
import NIOCore
import PolyphonyGRPC
import Testing

/// Elements in the fields of their types become bytes.
@Suite struct TensorContentsTests {
  typealias Tensor = Inference_ModelInferRequest.InferInputTensor

  private static func bytes(_ datatype: String, _ contents: Inference_InferTensorContents) throws -> [UInt8] {
    var buffer = ByteBuffer()
    let tensor = Tensor.with { ($0.datatype, $0.contents) = (datatype, contents) }
    try TensorContents(tensor, key: "inputs[0]").write(to: &buffer)
    return Array(buffer.readableBytesView)
  }

  @Test(arguments: [
    ("BOOL", Inference_InferTensorContents.with { $0.boolContents = [true, false] }, [1, 0] as [UInt8]),
    ("INT8", .with { $0.intContents = [-128, 127] }, [0x80, 0x7F]),
    ("INT16", .with { $0.intContents = [-2] }, [0xFE, 0xFF]),
    ("INT32", .with { $0.intContents = [1 << 24] }, [0, 0, 0, 1]),
    ("INT64", .with { $0.int64Contents = [-1] }, [UInt8](repeating: 0xFF, count: 8)),
    ("UINT8", .with { $0.uintContents = [255] }, [0xFF]),
    ("UINT16", .with { $0.uintContents = [258] }, [2, 1]),
    ("UINT32", .with { $0.uintContents = [.max] }, [0xFF, 0xFF, 0xFF, 0xFF]),
    ("UINT64", .with { $0.uint64Contents = [1] }, [1, 0, 0, 0, 0, 0, 0, 0]),
    ("FP32", .with { $0.fp32Contents = [1, -0.0] }, [0, 0, 0x80, 0x3F, 0, 0, 0, 0x80]),
    ("FP64", .with { $0.fp64Contents = [1] }, [0, 0, 0, 0, 0, 0, 0xF0, 0x3F]),
    ("BYTES", .with { $0.bytesContents = ["ab".data, "".data] }, [2, 0, 0, 0, 0x61, 0x62, 0, 0, 0, 0]),
  ])
  func elementsAreLittleEndian(
    datatype: String, contents: Inference_InferTensorContents, expected: [UInt8]
  ) throws {
    #expect(try Self.bytes(datatype, contents) == expected)
  }

  @Test(arguments: [
    ("INT8", Inference_InferTensorContents.with { $0.intContents = [128] }, "128 is beyond the numbers of INT8"),
    ("UINT16", .with { $0.uintContents = [1 << 16] }, "65536 is beyond the numbers of UINT16"),
    ("FP32", .with { $0.fp64Contents = [1] }, "FP32 has its elements in fp32_contents alone"),
    ("FP16", .with { $0.fp32Contents = [1] }, "FP16 has no field of its own; raw_input_contents takes its bytes"),
    ("FLOAT", .with { $0.fp32Contents = [1] }, "the type FLOAT is unknown"),
  ])
  func otherElementsAreRefused(
    datatype: String, contents: Inference_InferTensorContents, problem: String
  ) throws {
    let error = #expect(throws: RPCError.self) { try Self.bytes(datatype, contents) }
    #expect(error?.code == .invalidArgument && error?.message == "inputs[0].contents: \(problem)")
  }
}
