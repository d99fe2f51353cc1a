import Foundation
import GRPCCore

/// The JSON document at the front of a request for predictions. The elements of its tensors follow as bytes.
struct InferenceDocument: Encodable {
  struct Tensor: Encodable {
    var name: String
    var datatype: String
    var shape: [Int64]
    var parameters: [String: ParameterValue]
  }

  struct Output: Encodable {
    var name: String
    var parameters: [String: ParameterValue]
  }

  var id: String?
  var parameters: [String: ParameterValue]
  var inputs: [Tensor]
  var outputs: [Output]?

  /// The document of a request.
  /// - Parameter sizes: the number of bytes of each input.
  init(_ request: Inference_ModelInferRequest, sizes: [Int]) {
    id = request.id.isEmpty ? nil : request.id
    parameters = request.parameters.mapValues(ParameterValue.init)
    // All outputs come back as bytes, as Triton sends them over gRPC.
    parameters["binary_data_output"] = .bool(true)
    inputs = zip(request.inputs, sizes).map { input, size in
      var parameters = input.parameters.mapValues(ParameterValue.init)
      parameters["binary_data_size"] = .integer(Int64(size))
      return Tensor(name: input.name, datatype: input.datatype, shape: input.shape, parameters: parameters)
    }
    let wanted = request.outputs.map { output in
      var parameters = output.parameters.mapValues(ParameterValue.init)
      parameters["binary_data"] = .bool(true)
      return Output(name: output.name, parameters: parameters)
    }
    outputs = wanted.isEmpty ? nil : wanted
  }
}

/// The value of a parameter.
enum ParameterValue: Encodable {
  case bool(Bool)
  case integer(Int64)
  case natural(UInt64)
  case number(Double)
  case text(String)
  case none

  init(_ parameter: Inference_InferParameter) {
    self =
      switch parameter.parameterChoice {
      case .boolParam(let value): .bool(value)
      case .int64Param(let value): .integer(value)
      case .uint64Param(let value): .natural(value)
      case .doubleParam(let value): .number(value)
      case .stringParam(let value): .text(value)
      case nil: .none
      }
  }

  init(_ parameter: Inference_ModelRepositoryParameter) {
    self =
      switch parameter.parameterChoice {
      case .boolParam(let value): .bool(value)
      case .int64Param(let value): .integer(value)
      case .stringParam(let value): .text(value)
      case .bytesParam(let value): .text(value.base64EncodedString())
      case nil: .none
      }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .natural(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .none: try container.encodeNil()
    }
  }
}

extension Encodable {
  /// The value as JSON.
  /// - Throws: `RPCError(.invalidArgument)` for a number that JSON does not have, such as infinity.
  func json() throws(RPCError) -> Data {
    do {
      return try JSONEncoder().encode(self)
    } catch {
      throw RPCError(code: .invalidArgument, message: "parameters: a number is not finite")
    }
  }
}
