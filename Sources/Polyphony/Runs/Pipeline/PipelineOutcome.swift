/// The results of a pipeline.
public struct PipelineOutcome {
  /// A row for each data set, method and condition.
  public var results: [RunResult] = []
  /// True if the user stopped the pipeline before its end.
  public var wasStopped = false
}
