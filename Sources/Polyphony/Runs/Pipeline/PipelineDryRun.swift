import Torch

/// Rehearses the stages of a recipe without training.
///
/// It reads each stage's settings, and makes the stage's changes to the model's structure on random weights. So every
/// error of the recipe is reported before the first step.
struct PipelineDryRun {
  /// The data set of the pipeline.
  let data: NamedFolder
  private var model: MultimodalModel?
  private var carried: Installation?
  private var stages = 0

  /// Begins a rehearsal.
  /// - Parameters:
  ///   - data: the data set of the pipeline.
  ///   - start: a model to start from, with its adapter. Nil if the first stage trains the model.
  init(data: NamedFolder, start: ModelWithAdapter?) {
    self.data = data
    (model, carried) = (start?.model, start?.installation)
  }

  /// The configuration of the last stage's model. Nil before the first stage.
  var configuration: ModelConfiguration? { model?.configuration }

  /// Reads a stage. `reader` reads the stage's element in the list.
  mutating func read(_ reader: SettingsReader) throws(Fault) -> PipelineStage {
    guard reader.keys.count == 1, let key = reader.keys.first, let kind = PipelineStage.Kind(rawValue: key) else {
      let names = PipelineStage.Kind.allCases.map(\.rawValue)
      let unknown = reader.keys.first { !names.contains($0) }
      throw reader.fault(
        unknown == nil ? "a stage is one thing" : "an unknown stage", key: unknown ?? reader.keys.first ?? "",
        expected: "one of \(names.joined(separator: ", "))",
        remedy: unknown.flatMap { Suggestion.question(for: $0, among: names) })
    }
    if kind == .train, model != nil {
      throw reader.fault(
        "a train stage makes a new model, and what stands before it would be lost", key: key,
        expected: "train as the first stage, without `model`",
        remedy: "to train all weights further, use `tune: {method: full}`")
    }
    if kind != .train, model == nil {
      throw reader.fault(
        "there is no model yet to \(key)", key: key, expected: "a train stage before it",
        remedy: "put a train stage first, or name a model's folder with `model`")
    }
    stages += 1
    return try reader.section(key) { (section) throws(Fault) in
      switch kind {
      case .train: try train(section)
      case .tune: try tune(section)
      case .adapt: try adapt(section)
      }
    }
  }

  private mutating func train(_ reader: SettingsReader) throws(Fault) -> PipelineStage {
    let folder = try Self.folder(reader, data)
    let dataset = try Self.dataset(folder, splits: ["train", "valid"])
    let description = dataset.description
    let settings = try TrainingRecipe(reader)
    try settings.training.check(for: description.task)
    let whole = try settings.model.configuration(description.modalities, description.task)
    let made = try MultimodalModel(try settings.training.patched(whole))
    model = made
    let method = try reader.section("balance", shorthand: "method") { (section) throws(Fault) in
      let name = try section.string("method", default: "joint")
      let maker = try section.locating("method") { () throws(Fault) in try BalancingMethods.maker(name) }
      _ = try maker(section, made)
      return name
    }
    var stage = PipelineStage(.train, method, data: folder)
    stage.body = settings.model.body
    return stage
  }

  private mutating func tune(_ reader: SettingsReader) throws(Fault) -> PipelineStage {
    guard let model else { throw reader.fault("there is no model yet", key: "method") }
    let configuration = model.configuration
    let folder = try Self.folder(reader, data)
    _ = try Self.dataset(folder, splits: ["train", "valid"], configuration)
    let name = try reader.required("method", .string)
    let maker = try reader.locating("method") { () throws(Fault) in try TuningMethods.maker(name) }
    var stage = PipelineStage(.tune, name, data: folder)
    stage.condition = try condition(reader, configuration)
    stage.samples = try reader.optional("samples", .int(in: 1...))
    let method = try reader.section("tuning") { (section) throws(Fault) in try maker(section, configuration) }
    try reader.training(of: configuration.architecture).check(for: configuration.task)
    carried = try reader.locating("method") { () throws(Fault) in
      try Installation(method, on: model, name: name, beneath: carried)
    }
    return stage
  }

  private mutating func adapt(_ reader: SettingsReader) throws(Fault) -> PipelineStage {
    guard let model else { throw reader.fault("there is no model yet", key: "method") }
    let configuration = model.configuration
    let folder = try Self.folder(reader, data)
    let name = try reader.required("method", .string)
    if name != MethodChoice.name {
      _ = try reader.locating("method") { () throws(Fault) in try AdaptationMethods.maker(name) }
    }
    var stage = PipelineStage(.adapt, name, data: folder)
    stage.split = try reader.string("split", default: "train")
    try reader.locating("split") { () throws(Fault) in
      _ = try Self.dataset(folder, splits: [stage.split], configuration)
    }
    stage.isOnline = try reader.bool("online", default: false)
    stage.condition = try condition(reader, configuration)
    let (choice, methods) = try reader.section("adaptation") { (section) throws(Fault) in
      try MethodChoice.settings([name], in: section, configuration)
    }
    try choice?.check(isOnline: stage.isOnline)
    let method = try methods.make(choice?.candidates[0] ?? name)
    try method.check(isOnline: stage.isOnline)
    let tuning = AdaptedTuning.wrapping(method)
    carried = try reader.locating("method") { () throws(Fault) in
      try Installation(tuning, on: model, name: name, beneath: carried)
    }
    return stage
  }

  /// Reads the condition of a stage's samples from the keys `missing`, `corrupt` and `modalities`.
  private func condition(_ reader: SettingsReader, _ configuration: ModelConfiguration) throws(Fault) -> DataCondition {
    var condition = DataCondition(missing: try missing(reader, configuration))
    condition.shift = try reader.optional("corrupt", .string).map { (text) throws(Fault) in
      try reader.locating("corrupt") { () throws(Fault) in try Shift(named: text) }
    }
    condition.modalities = try Self.modalities(reader, configuration)
    return condition
  }

  private func missing(_ reader: SettingsReader, _ configuration: ModelConfiguration) throws(Fault)
    -> MissingProtocol?
  {
    guard let text = try reader.optional("missing", .string) else { return nil }
    return try reader.locating("missing") { () throws(Fault) in
      let rule = try MissingProtocol(text)
      try rule.check(configuration.inputModalities)
      return rule
    }
  }

  /// The data set of a section. Default: the pipeline's.
  static func folder(_ reader: SettingsReader, _ data: NamedFolder) throws(Fault) -> String {
    guard let folders = try reader.optional("data", .folders), let first = folders.first else { return data.path }
    if folders.count == 1, first.name.isEmpty { return first.path }
    guard let own = folders.first(where: { $0.name == data.name }) else {
      throw reader.fault(
        "a section's data is one folder, or one for each data set of the recipe", key: "data",
        expected: "a path, or a path under `\(data.name)`")
    }
    return own.path
  }

  /// Reads the names under `modalities`. The model must have all of them.
  static func modalities(_ reader: SettingsReader, _ configuration: ModelConfiguration) throws(Fault) -> [String]? {
    guard let names = try reader.optional("modalities", .texts) else { return nil }
    let known = configuration.modalities.map(\.name)
    if let unknown = names.first(where: { !known.contains($0) }) {
      throw reader.fault(
        "the data has no such modality", key: "modalities", expected: known.joined(separator: ", "),
        remedy: Suggestion.question(for: unknown, among: known))
    }
    return names
  }

  /// Opens a data set, and checks that it has the splits and the modalities that a model needs.
  static func dataset(_ folder: String, splits: [String], _ configuration: ModelConfiguration? = nil) throws(Fault)
    -> Dataset
  {
    var dataset = try Dataset(folder)
    if let configuration { dataset = try dataset.fitted(to: configuration) }
    for split in splits { _ = try dataset.file(of: split) }
    return dataset
  }
}
