import GRPCCore

/// The calls about the service as a whole.
struct ServerCalls {
  let service: ServiceClient

  func add<Transport>(to table: inout CallTable<Transport>) {
    let service = service
    table.add(Inference.name, "ServerLive", isOpen: true) {
      (_: Inference_ServerLiveRequest, caller) async throws(RPCError) in
      try await service.get(["v2", "health", "live"], caller).succeeded().message(Inference_ServerLiveResponse.self)
    }
    table.add(Inference.name, "ServerReady", isOpen: true) {
      (_: Inference_ServerReadyRequest, caller) async throws(RPCError) in
      try await service.get(["v2", "health", "ready"], caller).succeeded(or: 503)
        .message(Inference_ServerReadyResponse.self)
    }
    table.add(Inference.name, "ServerMetadata") {
      (_: Inference_ServerMetadataRequest, caller) async throws(RPCError) in
      try await service.get(["v2"], caller).succeeded().message(Inference_ServerMetadataResponse.self)
    }
    table.add("grpc.health.v1.Health", "Check", isOpen: true) {
      (request: Grpc_Health_V1_HealthCheckRequest, caller) async throws(RPCError) in
      try await check(request.service, caller, service)
    }
  }

  /// Whether the service, or one model, takes requests. A service that does not answer takes none.
  private func check(
    _ model: String, _ caller: Caller, _ service: ServiceClient
  ) async throws(RPCError) -> Grpc_Health_V1_HealthCheckResponse {
    let isWhole = model.isEmpty || model == Inference.name
    let path = isWhole ? ["v2", "health", "ready"] : ["v2", "models", model, "ready"]
    var response = Grpc_Health_V1_HealthCheckResponse()
    do throws(RPCError) {
      let answer = try await service.get(path, caller).succeeded(or: 503)
      response.status = answer.status == 200 ? .serving : .notServing
    } catch  where error.code == .unavailable {
      response.status = .notServing
    }
    return response
  }
}

/// The protocol.
enum Inference {
  /// The name of its service.
  static let name = "inference.GRPCInferenceService"
}
