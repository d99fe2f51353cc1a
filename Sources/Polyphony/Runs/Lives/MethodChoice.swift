import OrderedCollections
import Torch

/// The choice among adaptation methods without labels, `auto`.
///
/// Every candidate adapts the source as it does alone. Of the candidates and the source, that one is chosen whose
/// answers are the least uncertain (``AnswerUncertainty``). A candidate must lower the source's uncertainty by
/// `least_gain`, else the source stays. Methods whose own loss lowers the uncertainty are no candidates.
struct MethodChoice {
  /// The name among methods.
  static let name = AdaptationMethods.choice

  /// The candidates beside the source.
  let candidates: [String]
  /// The part of the source's uncertainty that a candidate must take away.
  let leastGain: Double

  /// Reads the settings for a task.
  /// - Throws: `Fault(.usage)` for a candidate whose own loss lowers the uncertainty, and a number out of range.
  init(_ reader: SettingsReader, _ task: PredictionTask) throws(Fault) {
    let aligning = task.kind == .regression || task.kind == .segmentation ? ["inputs"] : ["inputs", "ssa"]
    candidates = try reader.list("candidates", of: .string, default: aligning + ["casp-contrast"], count: 1...)
    leastGain = try reader.double("least_gain", default: 0.1, in: 0..<1)
    let lowering = AnswerUncertainty.lowered(for: task).union([Self.name])
    if let name = candidates.first(where: lowering.contains) {
      throw reader.fault(
        "\(name) cannot be a candidate, because its own loss lowers what the choice compares", key: "candidates",
        expected: "other methods, such as \(aligning[0]) or casp-contrast")
    }
  }

  /// Reads the settings of methods, and those of the choice and its candidates if `auto` is one of them.
  /// - Throws: `Fault(.usage)` for unknown methods and invalid values.
  static func settings(
    _ methods: [String], in section: SettingsReader, _ configuration: ModelConfiguration
  ) throws(Fault) -> (choice: MethodChoice?, methods: MethodSettings<any AdaptationMethod>) {
    var (choice, names): (MethodChoice?, [String]) = (nil, methods)
    if let place = methods.firstIndex(of: name) {
      let made = try section.part { (reader) throws(Fault) in try MethodChoice(reader, configuration.task) }.value
      names.remove(at: place)
      names += (["source"] + made.candidates).filter { !methods.contains($0) }
      choice = made
    }
    let settings = try MethodSettings(names, in: section) { (method) throws(Fault) in
      let maker = try AdaptationMethods.maker(method)
      return { (reader) throws(Fault) -> any AdaptationMethod in try maker(reader, configuration) }
    }
    return (choice, settings)
  }

  /// Checks that the choice suits this way of running.
  /// - Throws: `Fault(.usage)` for a stream, whose samples are not there at once.
  func check(isOnline: Bool) throws(Fault) {
    guard isOnline else { return }
    throw Fault(
      .usage, "a choice among methods needs all samples at once", key: "--method", found: "\(Self.name), online",
      expected: "an adaptation offline", remedy: "name one method, such as inputs")
  }

  /// A recipe that repeats the choice: the given settings of all candidates, and those of the choice.
  func recipe(_ given: SettingsTree?) -> SettingsTree {
    var members: OrderedDictionary<String, SettingsTree> = [:]
    if case .map(let own)? = given?.content { members = own }
    members["candidates"] = SettingsTree(.list(candidates.map { SettingsTree(.scalar(.init($0))) }))
    members["least_gain"] = SettingsTree(.scalar(.init(leastGain)))
    return SettingsTree(.map(["adaptation": SettingsTree(.map(members))]))
  }

  /// The name of the chosen method.
  /// - Parameter uncertainty: the uncertainty by method, the source's first.
  func pick(_ uncertainty: [(method: String, value: Double)]) -> String {
    let source = uncertainty[0]
    let best = uncertainty.dropFirst().filter { $0.value.isFinite }.min { $0.value < $1.value }
    guard let best, best.value <= (1 - leastGain) * source.value else { return source.method }
    return best.method
  }
}
