import Torch

extension StepBenchmark {
  /// A step of CASP's first stage at its defaults: two views, NT-Xent, an update of the LayerNorms.
  static func contrast(_ setup: Setup) throws(Fault) -> () -> Void {
    let method = try SettingsReader.read(.empty) { (reader) throws(Fault) in try CASP(.full, reader) }.value
    try method.tensors.install(on: setup.model, method: method.name)
    let samples = UnlabelledSplit(name: "random", inputs: setup.batch.inputs)
    let session = AdaptationSession(
      setup.model, samples, method.settings, seed: 0, device: setup.model.device, isOnline: false)
    let batch = AdaptationBatch(indices: Array(0..<samples.count), inputs: setup.batch.inputs, prediction: nil)
    return {
      session.seedDropout()
      // Offline, and before the second stage, adapting throws nothing.
      _ = try? method.adapt(batch, session)
      session.stepInEpoch += 1
    }
  }
}
