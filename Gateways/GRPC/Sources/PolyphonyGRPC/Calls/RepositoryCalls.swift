import GRPCCore
import NIOCore

/// The calls that list models, and that load and unload them.
struct RepositoryCalls {
  let service: ServiceClient

  func add<Transport>(to table: inout CallTable<Transport>) {
    let service = service
    table.add(Inference.name, "RepositoryIndex") {
      (request: Inference_RepositoryIndexRequest, caller) async throws(RPCError) in
      guard request.repositoryName.isEmpty else { throw Self.otherRepository }
      let body = ByteBuffer(bytes: try ["ready": request.ready].json())
      let answer = try await service.post(["v2", "repository", "index"], body, caller).succeeded()
      let models = try answer.messages(Inference_RepositoryIndexResponse.ModelIndex.self)
      return Inference_RepositoryIndexResponse.with { $0.models = models }
    }
    table.add(Inference.name, "RepositoryModelLoad") {
      (request: Inference_RepositoryModelLoadRequest, caller) async throws(RPCError) in
      let model = try Self.model(request.modelName, request.repositoryName)
      try await Self.run("load", model, request.parameters, caller, service)
      return Inference_RepositoryModelLoadResponse.with { ($0.modelName, $0.isLoaded) = (model, true) }
    }
    table.add(Inference.name, "RepositoryModelUnload") {
      (request: Inference_RepositoryModelUnloadRequest, caller) async throws(RPCError) in
      let model = try Self.model(request.modelName, request.repositoryName)
      try await Self.run("unload", model, request.parameters, caller, service)
      return Inference_RepositoryModelUnloadResponse.with { ($0.modelName, $0.isUnloaded) = (model, true) }
    }
  }

  private static func run(
    _ command: String, _ model: String, _ parameters: [String: Inference_ModelRepositoryParameter], _ caller: Caller,
    _ service: ServiceClient
  ) async throws(RPCError) {
    let document = ["parameters": parameters.mapValues(ParameterValue.init)]
    let body = ByteBuffer(bytes: try document.json())
    _ = try await service.post(["v2", "repository", "models", model, command], body, caller).succeeded()
  }

  /// The model of a request. KServe sends its name in the field in which Triton has the name of a repository.
  private static func model(_ triton: String, _ kserve: String) throws(RPCError) -> String {
    switch (triton.isEmpty, kserve.isEmpty) {
    case (false, true): return triton
    case (true, false): return kserve
    case (false, false): throw otherRepository
    case (true, true): throw RPCError(code: .invalidArgument, message: "the name of a model is needed")
    }
  }

  private static let otherRepository = RPCError(
    code: .invalidArgument, message: "repository_name: the service has one repository without a name")
}
