import Torch

/// The step `prompt` of the benchmark: prompts train on a frozen base, and a batch mixes all patterns.
enum PromptBenchmark {
  /// Freezes the base of the model. Attaches prompts if the model has none of its own.
  static func prepare(_ model: MultimodalModel) throws(Fault) {
    let method = try SettingsReader.read(.empty) { (reader) throws(Fault) in
      try MissingPromptTuning(reader, model.configuration)
    }.value
    try method.install(on: model)
  }

  /// The presence of every modality `[count, M]` (bool), with all 2^M − 1 patterns in turn. It is the same in every
  /// run.
  static func presence(_ count: Int, modalities: Int) -> Tensor {
    let patterns = (1 << min(modalities, 16)) - 1
    let order = Generator(seed: 0).permutation(count)
    let flags = order.flatMap { row in (0..<modalities).map { (row % patterns + 1) >> min($0, 16) & 1 == 1 } }
    return Tensor(flags, shape: [count, modalities])
  }
}
