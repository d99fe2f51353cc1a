import Torch

extension StepBenchmark {
  /// A step of training with CGGM, as ``Trainer`` does it; beside it `train` is the same without.
  static func balance(_ setup: Setup, _ method: CGGMSettings = CGGMSettings()) throws(Fault) -> () -> Void {
    let hook = try ClassifierGuidedModulation(method, setup.model)
    return training(setup, hook)
  }
}
