import Foundation
import OrderedCollections
import Torch

/// A recipe of several stages, read and rehearsed for each of its data sets and methods.
///
/// ```swift
/// let tree = try SettingsTree(contentsOf: "comparison.yaml")
/// let recipe = try PipelineRecipe(tree, .comparison)
/// for plan in recipe.plans { print(plan.data.name, plan.method, plan.stages.map(\.kind)) }
/// ```
public struct PipelineRecipe: Sendable {
  /// The form of a recipe.
  public enum Form: Sendable {
    /// One list of stages on one data set, for `polyphony run`.
    case single
    /// Several named lists of stages on one or more data sets, for `polyphony compare`.
    case comparison
  }

  /// One method on one data set.
  public struct Plan: Sendable {
    /// The data set.
    public let data: NamedFolder
    /// The method's name.
    public let method: String
    /// Its stages in order.
    public let stages: [PipelineStage]
    /// The evaluation of the resulting model.
    let evaluation: PipelineEvaluation
    /// The usual metric of the task.
    let principalMetric: String
  }

  /// True for a comparison of several methods.
  public let isComparison: Bool
  /// The plans, with all methods on the first data set, then all on the next.
  public let plans: [Plan]
  /// The seeds.
  public let seeds: [UInt64]
  /// The folder of a model to start from, or of a run over seeds. Nil if a stage trains the model.
  public let model: String?
  /// The folder of an adapter that this model carries already.
  public let adapter: String?
  /// The metric of the comparison.
  public let metric: String
  /// The contrasts, which are the questions of a comparison.
  public let contrasts: [Contrast]
  /// The recipe with every default filled in, for the first data set.
  public let resolved: SettingsTree

  /// Reads and rehearses a recipe, without training, scoring or writing files.
  /// - Throws: `Fault(.usage)` for unknown keys, unknown methods and invalid orders of stages, and the errors of the
  ///   data sets and models that it names.
  public init(_ tree: SettingsTree, _ form: Form) throws(Fault) {
    isComparison = form == .comparison
    let head = try SettingsReader.readPart(of: tree) { (reader) throws(Fault) in try Head(reader, form) }.value
    (seeds, model, adapter) = (head.seeds, head.model, head.adapter)
    var plans: [Plan] = []
    var contrasts: [Contrast] = []
    var first: SettingsTree?
    for data in head.data {
      let (own, resolved) = try SettingsReader.read(tree) { (reader) throws(Fault) in
        _ = try Head(reader, form)
        let plans = try Self.plans(reader, form, data, head)
        return (plans: plans, contrasts: form == .single ? [] : try PipelineContrasts.read(reader, plans))
      }
      contrasts = own.contrasts
      // The defaults of all stages are known only now.
      plans += own.plans.map { plan in
        Plan(
          data: plan.data, method: plan.method, stages: Self.filled(plan.stages, plan.method, form, resolved),
          evaluation: plan.evaluation, principalMetric: plan.principalMetric)
      }
      if first == nil { first = resolved }
    }
    (self.plans, self.contrasts, resolved) = (plans, contrasts, first ?? tree)
    metric = head.metric ?? plans.first?.principalMetric ?? "accuracy"
  }

  /// The keys beside the stages.
  private struct Head {
    let data: [NamedFolder]
    let seeds: [UInt64]
    let model: String?
    let adapter: String?
    let metric: String?

    init(_ reader: SettingsReader, _ form: Form) throws(Fault) {
      let folders = try reader.required("data", .folders)
      seeds = try reader.setting("seeds", .seeds, default: [0])
      model = try reader.optional("model", .string)
      adapter = try reader.optional("adapter", .string)
      metric = form == .comparison ? try reader.optional("metric", .string) : nil
      guard form == .comparison || folders.count == 1 && folders[0].name.isEmpty, !folders.isEmpty else {
        throw reader.fault(
          "a pipeline runs on one data set", key: "data", expected: "the path of a data set folder",
          remedy: "compare runs methods on several")
      }
      guard model != nil || adapter == nil else {
        throw reader.fault("an adapter needs its model", key: "adapter", expected: "the model's folder under `model`")
      }
      let short = EvaluationRun.Candidate.distinguishing(folders.map(\.path))
      data = zip(folders, short).map { folder, short in
        let last = (folder.path as NSString).lastPathComponent
        return NamedFolder(
          name: folder.name.isEmpty ? (folders.count == 1 ? last : short) : folder.name, path: folder.path)
      }
      guard Set(data.map(\.name)).count == data.count else {
        throw reader.fault("a data set stands twice", key: "data", expected: "each data set once")
      }
    }
  }

  private static func plans(
    _ reader: SettingsReader, _ form: Form, _ data: NamedFolder, _ head: Head
  ) throws(Fault) -> [Plan] {
    guard form == .comparison else {
      guard !reader.keys.contains("methods") else {
        throw reader.fault("a recipe with several methods is one to compare", key: "methods", expected: "stages")
      }
      return [try plan(reader, "stages", "", reader, data, head)]
    }
    guard !reader.keys.contains("stages"), reader.keys.contains("methods") else {
      throw reader.fault(
        "there are no methods to compare", key: reader.keys.contains("stages") ? "stages" : "methods",
        expected: "stages under each method's name, below `methods`", remedy: "a single list of stages is one to run")
    }
    return try reader.section("methods") { (methods) throws(Fault) in
      var plans: [Plan] = []
      for name in methods.keys {
        guard !methods.isList(name) else {
          plans.append(try plan(methods, name, name, reader, data, head))
          continue
        }
        plans.append(
          try methods.section(name) { (section) throws(Fault) in
            try plan(section, "stages", name, reader, data, head)
          })
      }
      guard !plans.isEmpty else {
        throw reader.fault("there are no methods to compare", key: "methods", expected: "stages under a method's name")
      }
      return plans
    }
  }

  private static func plan(
    _ reader: SettingsReader, _ key: String, _ name: String, _ root: SettingsReader, _ data: NamedFolder, _ head: Head
  ) throws(Fault) -> Plan {
    var start: ModelWithAdapter?
    if let model = head.model {
      let place = try SeededFolders.start(model, adapter: head.adapter, seed: head.seeds[0])
      start = try ModelWithAdapter(place.model, adapter: place.adapter)
    }
    var rehearsal = PipelineDryRun(data: data, start: start)
    let stages = try reader.sections(key) { (section) throws(Fault) in try rehearsal.read(section) }
    guard let configuration = rehearsal.configuration else {
      throw reader.fault(
        "there are no stages", key: key, expected: "a list that begins with a train stage, or `model`")
    }
    let evaluation = try root.section("evaluate") { (section) throws(Fault) in
      try PipelineEvaluation(section, data: data, configuration)
    }
    if let metric = head.metric, let known = metrics(of: configuration.task), !known.contains(metric) {
      throw root.fault(
        "the task has no such metric", key: "metric", expected: known.joined(separator: ", "),
        remedy: Suggestion.question(for: metric, among: known))
    }
    return Plan(
      data: data, method: name.isEmpty ? stages.map(\.method).joined(separator: " → ") : name, stages: stages,
      evaluation: evaluation, principalMetric: Evaluation.principalMetric(configuration.task))
  }

  /// The names of a task's metrics. Nil if they depend on the data.
  private static func metrics(of task: PredictionTask) -> [String]? {
    guard task.kind != .segmentation else { return nil }
    let prediction = Tensor.zeros([2, task.outputs])
    let target = task.kind == .classification ? Tensor([0, 1]) : prediction
    return (try? Evaluation(prediction, target, task: task, loss: TaskLoss(task)))?.metrics.names
  }

  /// Gives each stage its section of the resolved recipe.
  private static func filled(
    _ stages: [PipelineStage], _ method: String, _ form: Form, _ resolved: SettingsTree
  ) -> [PipelineStage] {
    var list = form == .single ? resolved["stages"] : resolved["methods"]?[method]
    if case .map? = list?.content { list = list?["stages"] }
    guard case .list(let elements)? = list?.content else { return stages }
    return zip(stages, elements).map { stage, element in
      var stage = stage
      stage.settings = element[stage.kind.rawValue] ?? .empty
      return stage
    }
  }
}
