import OrderedCollections
import Torch

/// The results of a command, as the JSON document that `--json` prints and that a run's folder keeps.
///
/// Keys have the order of the format's description, and numbers keep their exact bits. Undefined values are `null`: a
/// whole metric if no seed defines it, otherwise single entries of `values`.
///
/// ```swift
/// let document = try ResultsDocument(parsing: text)
/// for row in document.results {
///   print(row.name, row.metrics["accuracy"]?.formatted() ?? "undefined")
/// }
/// ```
public struct ResultsDocument: Equatable, Sendable {
  /// The results of one method, missing rate, shift or split.
  public struct Row: Equatable, Sendable {
    /// The name of the method or of the run.
    public var name: String
    /// The evaluated split.
    public var split: String?
    /// The seeds, in the order of the metrics' values.
    public var seeds: [Int]
    /// The metrics, each as an aggregate over the seeds.
    public var metrics: OrderedDictionary<String, Aggregate>
    /// The model's parameters.
    public var parameters: ParameterCount?
    /// The written folder or file.
    public var output: String?
    /// Further keys, such as `missing` and `shift`, in the order of the document.
    public var extra: OrderedDictionary<String, OrderedJSON>

    /// Makes a row.
    public init(
      name: String, split: String? = nil, seeds: [Int] = [], metrics: OrderedDictionary<String, Aggregate> = [:],
      parameters: ParameterCount? = nil, output: String? = nil, extra: OrderedDictionary<String, OrderedJSON> = [:]
    ) {
      self.name = name
      self.split = split
      self.seeds = seeds
      self.metrics = metrics
      self.parameters = parameters
      self.output = output
      self.extra = extra
    }
  }

  /// The command's name.
  public var command: String
  /// The version of the program.
  public var version: String
  /// The results, one row each.
  public var results: [Row]

  /// Makes a document.
  public init(command: String, version: String, results: [Row]) {
    self.command = command
    self.version = version
    self.results = results
  }
}

// MARK: - Writing

extension ResultsDocument {
  /// The document as JSON.
  public var json: OrderedJSON {
    ["command": .string(command), "version": .string(version), "results": .array(results.map(\.json))]
  }

  /// The document as text, with a newline at its end.
  public func text() -> String { json.text(.pretty) + "\n" }
}

extension ResultsDocument.Row {
  fileprivate static let keys: Set = ["name", "split", "seeds", "metrics", "parameters", "output"]

  fileprivate var json: OrderedJSON {
    var members: [OrderedJSON.Member] = [.init("name", .string(name))]
    if let split { members.append(.init("split", .string(split))) }
    members.append(.init("seeds", .array(seeds.map(OrderedJSON.integer))))
    members.append(.init("metrics", .object(metrics.map { .init($0.key, $0.value.json) })))
    if let parameters {
      members.append(.init("parameters", parameters.json))
    }
    if let output { members.append(.init("output", .string(output))) }
    for (key, value) in extra where !Self.keys.contains(key) { members.append(.init(key, value)) }
    return .object(members)
  }
}

extension ParameterCount {
  fileprivate var json: OrderedJSON {
    let counts = [("total", total), ("trainable", trainable)] + (added.map { [("added", $0)] } ?? [])
    return .object(counts.map { .init($0.0, .integer($0.1)) })
  }
}

extension Aggregate {
  fileprivate var json: OrderedJSON {
    guard let mean, let standardDeviation else { return .null }
    return [
      "mean": .number(mean), "std": .number(standardDeviation),
      "values": .array(values.map { $0.map(OrderedJSON.number) ?? .null }),
    ]
  }
}

// MARK: - Reading

extension ResultsDocument {
  /// Reads a document of `text()`.
  ///
  /// - Throws: `Fault(.badData)` with the path of a key that is missing or has another type.
  public init(parsing text: String, file: String? = nil) throws(Fault) {
    let document = Field(path: "", value: try OrderedJSON(parsing: text, file: file), file: file)
    command = try document.member("command").string()
    version = try document.member("version").string()
    results = []
    for row in try document.member("results").elements() { results.append(try Row(row)) }
  }
}

extension ResultsDocument.Row {
  fileprivate init(_ row: Field) throws(Fault) {
    name = try row.member("name").string()
    split = try row.optional("split")?.string()
    seeds = []
    for seed in try row.member("seeds").elements() { seeds.append(try seed.integer()) }
    metrics = [:]
    for metric in try row.member("metrics").members() {
      metrics[metric.key] = try metric.value.aggregate(count: seeds.count)
    }
    if let counts = row.optional("parameters") {
      parameters = ParameterCount(
        total: try counts.member("total").integer(), trainable: try counts.member("trainable").integer(),
        added: try counts.optional("added")?.integer())
    }
    output = try row.optional("output")?.string()
    extra = [:]
    for member in try row.members() where !Self.keys.contains(member.key) { extra[member.key] = member.value.value }
  }
}

/// A value of a document with its path for faults.
private struct Field {
  let path: String
  let value: OrderedJSON
  let file: String?

  func optional(_ key: String) -> Field? {
    value[key].flatMap { $0 == .null ? nil : Field(path: path.isEmpty ? key : "\(path).\(key)", value: $0, file: file) }
  }

  func member(_ key: String) throws(Fault) -> Field {
    guard let field = optional(key) else { throw fault("a key `\(key)`") }
    return field
  }

  func members() throws(Fault) -> [(key: String, value: Field)] {
    guard case .object(let members) = value else { throw fault("an object") }
    return members.map { ($0.key, Field(path: "\(path).\($0.key)", value: $0.value, file: file)) }
  }

  func elements() throws(Fault) -> [Field] {
    guard case .array(let elements) = value else { throw fault("a list") }
    return elements.enumerated().map { Field(path: "\(path).\($0)", value: $1, file: file) }
  }

  func string() throws(Fault) -> String {
    guard case .string(let string) = value else { throw fault("a string") }
    return string
  }

  func integer() throws(Fault) -> Int {
    guard case .integer(let integer) = value else { throw fault("an integer") }
    return integer
  }

  func number() throws(Fault) -> Double? {
    switch value {
    case .null: return nil
    case .integer(let value): return Double(value)
    case .number(let value): return value
    default: throw fault("a number or null")
    }
  }

  func aggregate(count: Int) throws(Fault) -> Aggregate {
    if value == .null { return Aggregate(Array(repeating: nil, count: count)) }
    var values: [Double?] = []
    for element in try member("values").elements() { values.append(try element.number()) }
    return Aggregate(values)
  }

  private func fault(_ expected: String) -> Fault {
    Fault(
      .badData, "the results document is not of the expected form", file: file, key: path.isEmpty ? nil : path,
      found: value.kindName, expected: expected)
  }
}
