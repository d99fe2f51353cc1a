import Torch

extension StepBenchmark {
  /// A training step of ``Trainer`` with CGGM. The step `train` is the same without it.
  static func balance(_ setup: Setup, _ method: CGGMSettings = CGGMSettings()) throws(Fault) -> () -> Void {
    let hook = try ClassifierGuidedModulation(method, setup.model)
    return training(setup, hook)
  }
}
