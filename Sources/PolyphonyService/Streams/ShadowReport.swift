import PolyphonySupport

/// A comparison of the source's answers with those that a stream would have given.
struct ShadowReport: Sendable {
  /// The samples that both have answered.
  private(set) var samples = 0
  /// The samples that would have had another label.
  private(set) var changed = 0
  /// The sum over samples of the mean |Δ| between the two predictions.
  private var difference = 0.0

  /// Adds the answers to one request.
  mutating func add(source: [OutputTensor], adapted: [OutputTensor]) {
    func both(_ name: String) -> (OutputTensor.Elements, OutputTensor.Elements)? {
      guard let one = source.first(where: { $0.name == name }), let other = adapted.first(where: { $0.name == name })
      else { return nil }
      return (one.elements, other.elements)
    }
    if case (.floats(let one), .floats(let other))? = both("prediction"), let count = source.first?.shape.first {
      samples += count
      difference += zip(one, other).reduce(0) { $0 + Double(abs($1.0 - $1.1)) } / Double(one.count) * Double(count)
    }
    if case (.texts(let one), .texts(let other))? = both("label") {
      changed += zip(one, other).count { $0 != $1 }
    }
  }

  /// The report for clients.
  var document: OrderedJSON {
    [
      "samples": .integer(samples), "changed_labels": .integer(changed),
      "mean_difference": .number(samples > 0 ? difference / Double(samples) : 0),
    ]
  }
}

extension ModelStreams {
  /// The names of the further outputs of a shadow, for some outputs of the model.
  static func shadows(of names: [String]) -> [String] { names.filter(isShadowed).map(shadow) }

  static func isShadowed(_ output: String) -> Bool { output != "representation" }

  static func shadow(_ output: String) -> String { "adapted_\(output)" }
}
