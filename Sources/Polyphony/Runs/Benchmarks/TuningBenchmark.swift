import Torch

extension StepBenchmark {
  /// A step of Wander at its published sizes on a frozen base: bottleneck 16, ranks 8 and 12, no constant.
  /// It makes 16 fused steps and reads out the first.
  static func tune(_ setup: Setup) throws(Fault) -> () -> Void {
    let published: SettingsTree = try SettingsTree(
      yaml: "{bottleneck: 16, feature_rank: 8, token_rank: 12, steps: 16, readout: first, constant: false}",
      file: "the published sizes")
    let wander = try SettingsReader.read(published) { (reader) throws(Fault) in try Wander.make(reader) }.value
    _ = try Installation(wander, on: setup.model)
    return train(setup)
  }
}
