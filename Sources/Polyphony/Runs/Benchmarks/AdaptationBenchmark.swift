import Torch

extension StepBenchmark {
  /// A step of CASP's first stage at its defaults: two views, NT-Xent, and an update of the LayerNorms.
  static func contrast(_ setup: Setup) throws(Fault) -> () -> Void {
    let (method, session) = try contrasting(setup, isOnline: false)
    let batch = AdaptationBatch(indices: indices(setup), inputs: setup.batch.inputs, prediction: nil)
    return {
      session.seedDropout()
      // Offline, and before the second stage, adapting throws no error.
      _ = try? method.adapt(batch, session)
      session.stepInEpoch += 1
    }
  }

  /// A batch of a stream: a prediction by the model, then one step of contrast.
  static func online(_ setup: Setup) throws(Fault) -> () -> Void {
    let (method, session) = try contrasting(setup, isOnline: true)
    let inputs = setup.batch.inputs
    return {
      session.seedDropout()
      let batch = AdaptationBatch(indices: indices(setup), inputs: inputs, prediction: session.predict(inputs))
      _ = try? method.adapt(batch, session)
      session.stepInEpoch += 1
    }
  }

  private static func contrasting(_ setup: Setup, isOnline: Bool) throws(Fault) -> (CASP, AdaptationSession) {
    let method = try SettingsReader.read(.empty) { (reader) throws(Fault) in
      try CASP(isOnline ? .contrast : .full, reader)
    }.value
    try method.tensors.install(on: setup.model, method: method.name)
    let samples = UnlabelledSplit(name: "random", inputs: setup.batch.inputs)
    let session = AdaptationSession(
      setup.model, samples, method.settings, seed: 0, device: setup.model.device, isOnline: isOnline)
    return (method, session)
  }

  private static func indices(_ setup: Setup) -> [Int] { Array(0..<setup.batch.count) }
}
