import Foundation
import Torch

/// A tracking server of MLflow, as its REST interface (version 2.0) presents it.
struct MLflowServer: Sendable {
  /// The name of the server in messages, without a user's name and password.
  let name: String
  private let address: String
  private let experiment: String
  private let experimentID: String?
  private let client: HTTPClient

  /// Reads the variables that MLflow's own client reads: `MLFLOW_TRACKING_URI`, `MLFLOW_EXPERIMENT_NAME`,
  /// `MLFLOW_EXPERIMENT_ID`, `MLFLOW_TRACKING_TOKEN`, `MLFLOW_TRACKING_USERNAME`, `MLFLOW_TRACKING_PASSWORD`,
  /// `MLFLOW_TRACKING_INSECURE_TLS`, `MLFLOW_TRACKING_SERVER_CERT_PATH` and `MLFLOW_TRACKING_CLIENT_CERT_PATH`.
  ///
  /// Returns nil if the address is not one of HTTP or HTTPS.
  init?(_ environment: [String: String]) {
    let variable = { (name: String) in environment["MLFLOW_\(name)"].flatMap { $0.isEmpty ? nil : $0 } }
    guard let address = variable("TRACKING_URI"), let parts = URLComponents(string: address), let host = parts.host,
      ["http", "https"].contains(parts.scheme?.lowercased())
    else { return nil }
    self.address = String(address.trimmingSuffix(while: { $0 == "/" }))
    name = host + (parts.port.map { ":\($0)" } ?? "")
    experiment = variable("EXPERIMENT_NAME") ?? "Default"
    experimentID = variable("EXPERIMENT_ID")
    var client = HTTPClient()
    if let user = variable("TRACKING_USERNAME"), let password = variable("TRACKING_PASSWORD") {
      client.options.append(("user", "\(user):\(password)"))
    } else if let token = variable("TRACKING_TOKEN") {
      client.options.append(("header", "Authorization: Bearer \(token)"))
    }
    if variable("TRACKING_INSECURE_TLS") == "true" { client.options.append(("insecure", "true")) }
    if let file = variable("TRACKING_SERVER_CERT_PATH") { client.options.append(("cacert", file)) }
    if let file = variable("TRACKING_CLIENT_CERT_PATH") { client.options.append(("cert", file)) }
    self.client = client
  }
}

extension MLflowServer {
  /// A run on the server.
  struct Run {
    /// Its identifier.
    let id: String
    /// The path of its artefacts behind the server's proxy. Nil if the server has no proxy for them.
    let artifacts: String?
  }

  /// The end of a run.
  enum Status: String {
    /// The run came to its end.
    case finished = "FINISHED"
    /// An error ended the run.
    case failed = "FAILED"
    /// The user stopped the run.
    case killed = "KILLED"
  }

  /// A value of a metric.
  struct Metric {
    var name: String
    var value: Double
    var step: Int
    var time: Int
  }

  /// Begins a run in the experiment, which is made if it is missing.
  func begin(_ name: String, time: Int, tags: [(String, String)]) throws(Fault) -> Run {
    let answer = try post(
      "runs/create",
      [
        "experiment_id": .string(try experimentIdentifier()), "run_name": .string(name), "start_time": .integer(time),
        "tags": Self.pairs(tags),
      ])
    guard let info = answer["run"]?["info"], case .string(let id)? = info["run_id"] else { throw refuse(answer) }
    let scheme = "mlflow-artifacts:"
    guard case .string(let place)? = info["artifact_uri"], place.hasPrefix(scheme) else {
      return Run(id: id, artifacts: nil)
    }
    var path = place.dropFirst(scheme.count)
    // The form with a host names the server itself.
    if path.hasPrefix("//") { path = path.dropFirst(2).drop { $0 != "/" } }
    return Run(id: id, artifacts: String(path.drop { $0 == "/" }))
  }

  /// Adds values of metrics.
  func log(_ metrics: [Metric], to run: Run) throws(Fault) {
    // The server takes at most 1000 at once.
    for start in stride(from: 0, to: metrics.count, by: 1000) {
      let part = metrics[start..<min(start + 1000, metrics.count)].map { metric -> OrderedJSON in
        [
          "key": .string(Self.allowed(metric.name)), "value": .number(metric.value), "timestamp": .integer(metric.time),
          "step": .integer(metric.step),
        ]
      }
      _ = try post("runs/log-batch", ["run_id": .string(run.id), "metrics": .array(part)])
    }
  }

  /// Adds parameters.
  func log(_ parameters: [(String, String)], to run: Run) throws(Fault) {
    // The server takes at most 100 at once, of at most 6000 characters each.
    for start in stride(from: 0, to: parameters.count, by: 100) {
      let part = parameters[start..<min(start + 100, parameters.count)].map {
        (Self.allowed($0), String($1.prefix(6000)))
      }
      _ = try post("runs/log-batch", ["run_id": .string(run.id), "params": Self.pairs(part)])
    }
  }

  /// Uploads a file. Does nothing if the server has no proxy for artefacts.
  func upload(_ bytes: Data, as name: String, to run: Run) throws(Fault) {
    guard let artifacts = run.artifacts else { return }
    let place = "\(artifacts)/\(name)".addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? name
    try check(
      try client.send(
        "PUT", "\(address)/api/2.0/mlflow-artifacts/artifacts/\(place)", body: (bytes, "application/octet-stream")))
  }

  /// Ends a run.
  func end(_ run: Run, _ status: Status, time: Int) throws(Fault) {
    _ = try post(
      "runs/update", ["run_id": .string(run.id), "status": .string(status.rawValue), "end_time": .integer(time)])
  }
}

// MARK: - Requests

extension MLflowServer {
  private func experimentIdentifier() throws(Fault) -> String {
    if let experimentID { return experimentID }
    if let known = try experimentByName() { return known }
    do throws(Fault) {
      let made = try post("experiments/create", ["name": .string(experiment)])
      guard case .string(let id)? = made["experiment_id"] else { throw refuse(made) }
      return id
    } catch {
      // Another process may have made it at the same time.
      guard let known = try experimentByName() else { throw error }
      return known
    }
  }

  private func experimentByName() throws(Fault) -> String? {
    let name = experiment.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? experiment
    let answer = try client.send("GET", path("experiments/get-by-name?experiment_name=\(name)"))
    if answer.status == 404 { return nil }
    let document = try check(answer)
    guard case .string(let id)? = document["experiment"]?["experiment_id"] else { throw refuse(document) }
    return id
  }

  private func post(_ call: String, _ body: OrderedJSON) throws(Fault) -> OrderedJSON {
    try check(try client.send("POST", path(call), body: (Data(body.text(.line).utf8), "application/json")))
  }

  private func path(_ call: String) -> String { "\(address)/api/2.0/mlflow/\(call)" }

  @discardableResult
  private func check(_ answer: HTTPClient.Answer) throws(Fault) -> OrderedJSON {
    let document = try? OrderedJSON(parsing: answer.text)
    guard (200..<300).contains(answer.status) else {
      var found = "status \(answer.status)"
      if case .string(let message)? = document?["message"] { found += ": \(message.prefix(200))" }
      throw Fault(.failure, "the server refused a request", found: found)
    }
    return document ?? .null
  }

  private func refuse(_ answer: OrderedJSON) -> Fault {
    Fault(
      .failure, "the server does not answer as MLflow does", found: String(answer.text(.line).prefix(200)),
      expected: "the REST interface of MLflow")
  }

  private static func pairs(_ pairs: [(String, String)]) -> OrderedJSON {
    .array(pairs.map { ["key": .string($0), "value": .string($1)] })
  }

  /// A name with `_` for each character that MLflow refuses.
  private static func allowed(_ name: String) -> String {
    String(name.prefix(250).map { $0.isASCII && ($0.isLetter || $0.isNumber) || "_-. /".contains($0) ? $0 : "_" })
  }
}
