import Dispatch
import Polyphony

/// The addresses of a service, and what is answered there.
final class ServiceRoutes: @unchecked Sendable {
  /// An address: its method, and the answer.
  typealias Route = (method: String, answer: () throws(HTTPError) -> HTTPResponse)

  let repository: ModelRepository
  let inference: InferenceThreads
  /// The thread that makes features of raw inputs. Requests of features do not wait for it.
  let encoding = InferenceThreads(mostSamples: 1, delay: 0)
  /// The documents of earlier requests for predictions.
  let documents = RequestDocuments()
  private let tokens: AccessTokens?
  private let metrics = ServiceMetrics()
  private let stopping = Locked(false)
  /// Counts the open connections. It is set before the first request.
  nonisolated(unsafe) var connections: () -> Int = { 0 }

  /// True while running requests end and no further one is taken.
  var isStopping: Bool {
    get { stopping.value }
    set { stopping.value = newValue }
  }

  init(_ repository: ModelRepository, _ inference: InferenceThreads, tokens: AccessTokens?) {
    (self.repository, self.inference, self.tokens) = (repository, inference, tokens)
  }

  /// Answers a request.
  func answer(_ request: HTTPRequest) -> HTTPResponse {
    var response: HTTPResponse
    do throws(HTTPError) {
      response = try route(request)
    } catch {
      response = HTTPResponse(error)
    }
    // No browser shall take an answer for something else, or keep it.
    response.fields.append(("X-Content-Type-Options", "nosniff"))
    if !response.fields.contains(where: { $0.name == "Cache-Control" }) {
      response.fields.append(("Cache-Control", "no-store"))
    }
    // Clients come back by a connection to another service.
    response.closes = isStopping
    metrics.didAnswer(response.status)
    return response
  }

  private func route(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
    guard let routes = routes(request) else { throw HTTPError(404, "there is nothing at this address") }
    if let tokens, !Self.isOpen(request.path), !tokens.accept(request.field("authorization")) {
      throw HTTPError(401, "a token is needed", fields: [("WWW-Authenticate", "Bearer")])
    }
    let method = request.method == "HEAD" ? "GET" : request.method
    guard let route = routes.first(where: { $0.method == method }) else {
      let allowed = routes.map(\.method).flatMap { $0 == "GET" ? ["GET", "HEAD"] : [$0] }
      throw HTTPError(
        405, "this address takes \(allowed.joined(separator: ", "))",
        fields: [("Allow", allowed.joined(separator: ", "))])
    }
    // A browser says whose page sends a request. A foreign page must not act through its visitors.
    if method == "POST", let site = request.field("sec-fetch-site"), !["same-origin", "none"].contains(site) {
      throw HTTPError(403, "a page of another site must not send this request")
    }
    if let coding = request.field("content-encoding"), coding.lowercased() != "identity" {
      throw HTTPError(415, "a body without compression is needed")
    }
    return try route.answer()
  }

  /// True for an address that needs no token. Probes of health have none, and the page asks its reader for one.
  private static func isOpen(_ path: [String]) -> Bool {
    Array(path.prefix(2)) == ["v2", "health"] || ServicePage.file(path) != nil
  }

  /// The methods of an address. It is nil for an address without any.
  private func routes(_ request: HTTPRequest) -> [Route]? {
    let path = request.path
    if let file = ServicePage.file(path) { return [("GET", { ServicePage.answer(file, request) })] }
    switch path.first {
    case "metrics" where path.count == 1: return [("GET", { self.metricsText() })]
    case "openapi.yaml" where path.count == 1:
      return [
        (
          "GET",
          {
            let text = APIDescription.text(models: self.repository.all.map(\.source.name))
            return HTTPResponse(type: "application/yaml", body: Array(text.utf8))
          }
        )
      ]
    case "v2": break
    default: return nil
    }
    switch path.dropFirst().first {
    case nil: return [("GET", { HTTPResponse(json: Self.server) })]
    case "health" where path.count == 3: return health(path[2])
    case "models" where path.count >= 3: return model(path[2], Array(path.dropFirst(3)), request)
    case "repository": return repository(Array(path.dropFirst(2)), request)
    default: return nil
    }
  }

  /// The document of the server.
  private static let server: OrderedJSON = [
    "name": "polyphony", "version": .string(Polyphony.version),
    "extensions": ["binary_tensor_data", "model_configuration", "model_repository", "sequence"],
  ]

  private func health(_ name: String) -> [Route]? {
    switch name {
    case "live": return [("GET", { HTTPResponse(json: ["live": true]) })]
    case "ready":
      return [
        (
          "GET",
          {
            let isReady = self.repository.isReady && !self.isStopping
            return HTTPResponse(isReady ? 200 : 503, json: ["ready": .bool(isReady)])
          }
        )
      ]
    default: return nil
    }
  }

  private func metricsText() -> HTTPResponse {
    let text = metrics.text(
      repository.all.map(\.metrics), pending: inference.pending, connections: connections())
    return HTTPResponse(type: "text/plain; version=0.0.4; charset=utf-8", body: Array(text.utf8))
  }
}
