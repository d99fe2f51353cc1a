/// The result of a computation on a step's samples that a hook needs for its statistics and again for its loss.
///
/// The loss takes the result of the statistics over. With accumulation, the statistics come from a pass without a graph,
/// and the loss computes its own.
struct StepReading<Value> {
  private var kept: Value?

  /// Computes the value for the statistics of a step, and keeps it if the step has a graph.
  mutating func make(_ step: TrainingStep, _ compute: () -> Value) -> Value {
    let value = compute()
    kept = step.taskLoss.requiresGradient ? value : nil
    return value
  }

  /// Takes the value for the loss of the same step.
  mutating func take(_ compute: () -> Value) -> Value { kept.take() ?? compute() }
}
