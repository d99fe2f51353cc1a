import Torch

extension StepBenchmark {
  /// A step of CASP's first stage at its defaults: two views, NT-Xent, and an update of the LayerNorms.
  static func contrast(_ setup: Setup) throws(Fault) -> () -> Void {
    let method = try SettingsReader.read(.empty) { (reader) throws(Fault) in try CASP(.full, reader) }.value
    let session = try session(method, setup, isOnline: false)
    let batch = AdaptationBatch(indices: indices(setup), inputs: setup.batch.inputs, prediction: nil)
    return {
      session.seedDropout()
      // Offline, and before the second stage, adapting throws no error.
      _ = try? method.adapt(batch, session)
      session.stepInEpoch += 1
    }
  }

  /// A batch of a stream: a prediction by the model, then one step of a method at its defaults.
  static func online(_ name: String, _ setup: Setup) throws(Fault) -> () -> Void {
    let make = try AdaptationMethods.maker(name)
    let configuration = setup.model.configuration
    let method = try SettingsReader.read(.empty) { (reader) throws(Fault) in try make(reader, configuration) }.value
    let samples = UnlabelledSplit(name: "random", inputs: setup.batch.inputs)
    let split = LabelledSplit(samples: samples, target: setup.batch.target)
    setup.model.sourceMoments = SourceMoments.measured(
      setup.model, training: split, validation: split, device: setup.model.device)
    let session = try session(method, setup, isOnline: true)
    try method.begin(session)
    let inputs = setup.batch.inputs
    return {
      session.seedDropout()
      // One process throws no error here.
      _ = try? method.adapt(
        AdaptationBatch(indices: indices(setup), inputs: inputs, prediction: try session.predict(inputs)), session)
      session.stepInEpoch += 1
    }
  }

  private static func session(
    _ method: any AdaptationMethod, _ setup: Setup, isOnline: Bool
  ) throws(Fault) -> AdaptationSession {
    try method.install(on: setup.model)
    let samples = UnlabelledSplit(name: "random", inputs: setup.batch.inputs)
    return AdaptationSession(
      setup.model, samples, method.settings, seed: 0, device: setup.model.device, isOnline: isOnline)
  }

  private static func indices(_ setup: Setup) -> [Int] { Array(0..<setup.batch.count) }
}
