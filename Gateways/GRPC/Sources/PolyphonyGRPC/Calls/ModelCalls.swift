import GRPCCore
import NIOCore

/// The calls about one model.
struct ModelCalls {
  let service: ServiceClient
  let stopping: StopFlag

  func add<Transport>(to table: inout CallTable<Transport>) {
    let service = service
    table.add(Inference.name, "ModelReady") { (request: Inference_ModelReadyRequest, caller) async throws(RPCError) in
      let path = try Self.path(request.name, request.version) + ["ready"]
      // Like Triton, an unknown model is one that is not ready.
      let answer = try await service.get(path, caller).succeeded(or: 503, 404)
      return Inference_ModelReadyResponse.with { $0.ready = answer.status == 200 }
    }
    table.add(Inference.name, "ModelMetadata") {
      (request: Inference_ModelMetadataRequest, caller) async throws(RPCError) in
      try await service.get(try Self.path(request.name, request.version), caller).succeeded()
        .message(Inference_ModelMetadataResponse.self)
    }
    table.add(Inference.name, "ModelConfig") {
      (request: Inference_ModelConfigRequest, caller) async throws(RPCError) in
      let answer = try await service.get(try Self.path(request.name, request.version) + ["config"], caller)
      let configuration = try answer.succeeded().message(Inference_ModelConfig.self)
      return Inference_ModelConfigResponse.with { $0.config = configuration }
    }
    table.add(Inference.name, "ModelInfer") { (request: Inference_ModelInferRequest, caller) async throws(RPCError) in
      try await Self.infer(request, caller, service)
    }
    table.addStream(Inference.name, "ModelStreamInfer", stopping: stopping) {
      (request: Inference_ModelInferRequest, caller) in
      var answer = Inference_ModelStreamInferResponse()
      do throws(RPCError) {
        answer.inferResponse = try await Self.infer(request, caller, service)
        // Each request has one answer.
        answer.inferResponse.parameters["triton_final_response"] = .with { $0.boolParam = true }
      } catch {
        // A stream goes on after a refusal. The client knows by the name of the request which one it was.
        answer.errorMessage = error.message
        answer.inferResponse.id = request.id
      }
      return answer
    }
  }

  /// Asks for predictions.
  private static func infer(
    _ request: Inference_ModelInferRequest, _ caller: Caller, _ service: ServiceClient
  ) async throws(RPCError) -> Inference_ModelInferResponse {
    let path = try path(request.modelName, request.modelVersion) + ["infer"]
    let body = try InferenceBody(request)
    let answer = try await service.post(
      path, body.bytes,
      fields: [
        ("Content-Type", "application/octet-stream"), (documentLength, "\(body.documentLength)"),
      ], caller
    ).succeeded()
    let length = answer.fields.first(name: documentLength).flatMap { Int($0) }
    return try Inference_ModelInferResponse(answer.body, documentLength: length ?? answer.body.readableBytes)
  }

  /// The header field with the number of bytes of a document that bytes follow.
  private static let documentLength = "Inference-Header-Content-Length"

  /// The place of a model in the service.
  private static func path(_ name: String, _ version: String) throws(RPCError) -> [String] {
    guard !name.isEmpty else { throw RPCError(code: .invalidArgument, message: "the name of a model is needed") }
    return ["v2", "models", name] + (version.isEmpty ? [] : ["versions", version])
  }
}
