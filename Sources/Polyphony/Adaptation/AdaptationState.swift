import Torch

/// The state of an adaptation besides its tensors, `state.json` of a checkpoint. A run resumes from it with the same
/// bits.
struct AdaptationState: Codable {
  /// The number of complete epochs.
  var epoch = 0
  /// The number of complete steps in the current epoch, online of complete batches.
  var stepInEpoch = 0
  /// The number of steps in the whole run.
  var step = 0
  /// The sums over the current epoch.
  var sums = Sums()
  /// The latest contrastive losses, online.
  var recentContrast: [Double] = []
  var contrastReference: Double?
  var records: [AdaptationRecord] = []
  var returns: [CollapseRecord] = []
  /// True if a return has ended the run.
  var isEnded = false
  /// Method, settings, seed, samples and starting weights of the run. A resumed run must have the same.
  var identity = RunIdentity()
  /// The version of the library that wrote this state.
  var polyphony = Polyphony.version

  /// The sums over the steps of an epoch.
  struct Sums: Codable {
    var loss = 0.0
    var losses = 0
    var contrast = 0.0
    var contrasts = 0
    var learned = 0

    mutating func add(_ step: AdaptationStep) {
      if let value = step.loss { (loss, losses) = (loss + value, losses + 1) }
      if let value = step.contrast { (contrast, contrasts) = (contrast + value, contrasts + 1) }
      learned += step.learned
    }

    var meanLoss: Double? { losses > 0 ? loss / Double(losses) : nil }
    var meanContrast: Double? { contrasts > 0 ? contrast / Double(contrasts) : nil }
  }
}
