import Foundation
import GRPCCore
import NIOCore

extension Inference_ModelInferResponse {
  /// The document at the front of an answer.
  private struct Document: Decodable {
    struct Output: Decodable {
      struct Parameters: Decodable {
        var binarySize: Int
        enum CodingKeys: String, CodingKey { case binarySize = "binary_data_size" }
      }

      var name: String
      var datatype: String
      var shape: [Int64]
      var parameters: Parameters
    }

    struct Parameters: Decodable {
      var sequence: String?
      enum CodingKeys: String, CodingKey { case sequence = "sequence_id" }
    }

    var model: String
    var version: String
    var id: String?
    var parameters: Parameters?
    var outputs: [Output]

    enum CodingKeys: String, CodingKey {
      case model = "model_name"
      case version = "model_version"
      case id, parameters, outputs
    }
  }

  /// Translates an answer in Triton's binary form of HTTP. The outputs stay bytes.
  /// - Parameter documentLength: the number of bytes of the document at the front.
  /// - Throws: `RPCError(.internalError)` for an answer that is not of this form.
  package init(_ body: ByteBuffer, documentLength: Int) throws(RPCError) {
    let unreadable = RPCError(code: .internalError, message: "the answer of the service cannot be read")
    var bytes = body.readableBytesView[...]
    guard (0...bytes.count).contains(documentLength),
      let document = try? JSONDecoder().decode(Document.self, from: Data(bytes.prefix(documentLength)))
    else { throw unreadable }
    bytes = bytes.dropFirst(documentLength)
    self.init()
    (modelName, modelVersion, id) = (document.model, document.version, document.id ?? "")
    if let sequence = document.parameters?.sequence { parameters["sequence_id"] = .with { $0.stringParam = sequence } }
    for output in document.outputs {
      let size = output.parameters.binarySize
      guard (0...bytes.count).contains(size) else { throw unreadable }
      outputs.append(.with { ($0.name, $0.datatype, $0.shape) = (output.name, output.datatype, output.shape) })
      rawOutputContents.append(Data(bytes.prefix(size)))
      bytes = bytes.dropFirst(size)
    }
    guard bytes.isEmpty else { throw unreadable }
  }
}
