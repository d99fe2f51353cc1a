import Torch

/// The step `prompt` of the benchmark: training of prompts on a frozen base, all patterns mixed in a batch.
enum PromptBenchmark {
  /// Freezes the base of the model and attaches prompts, where it has none of its own.
  static func prepare(_ model: MultimodalModel) throws(Fault) {
    let method = try SettingsReader.read(.empty) { (reader) throws(Fault) in try MissingPromptTuning(reader) }.value
    try method.install(on: model)
  }

  /// All 2^M − 1 patterns in turn, `[count, M]` (bool), the same in every run.
  static func presence(_ count: Int, modalities: Int) -> Tensor {
    let patterns = (1 << min(modalities, 16)) - 1
    let order = Generator(seed: 0).permutation(count)
    let flags = order.flatMap { row in (0..<modalities).map { (row % patterns + 1) >> min($0, 16) & 1 == 1 } }
    return Tensor(flags, shape: [count, modalities])
  }
}
