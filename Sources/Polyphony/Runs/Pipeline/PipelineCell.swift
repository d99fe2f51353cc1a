/// One method with one seed on one data set: the stages of a pipeline that make one model, and its scores.
struct PipelineCell {
  /// The method and the data set.
  let plan: PipelineRecipe.Plan
  /// The seed.
  let seed: UInt64
  /// The name in logs.
  let name: String
  /// The model that the first stage starts from. Nil if this stage trains one.
  let start: PipelineState?
  /// The folders of the stages in order.
  let places: [StagePlace]
  /// The file of the scores.
  let scores: String

  /// The name of a stage in logs.
  func title(of index: Int) -> String {
    let stage = places[index].stage
    return "\(name), stage \(index + 1) of \(places.count), \(stage.kind.rawValue) \(stage.method)"
  }

  /// The state of the model before a stage.
  func state(before index: Int) -> PipelineState? {
    var state = start
    for place in places.prefix(index) { state = Self.state(after: place, state) }
    return state
  }

  /// The state of the model behind the last stage.
  var product: PipelineState? { state(before: places.count) }

  /// The scores on disk. Nil for a missing or damaged file.
  func knownScores() -> [RunResult]? { PipelineScores.read(scores, split: plan.evaluation.split, seed: seed) }

  private static func state(after place: StagePlace, _ state: PipelineState?) -> PipelineState {
    guard let state, place.stage.kind != .train else { return PipelineState(model: place.product) }
    return PipelineState(model: state.model, adapter: place.product)
  }
}
