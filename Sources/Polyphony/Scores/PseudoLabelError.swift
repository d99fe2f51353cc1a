import Torch

/// How wrong pseudo-labels are, measured by targets that adaptation has not seen.
///
/// Every sample has a pseudo-label, the mean ỹ of its snapshots, and a stability s. With K the number
/// of samples that a share q chooses (``StableSelection``), the mean error of the labels is taken
///
/// * `pseudo/stable`: over the samples chosen, s ≤ Q_q(s);
/// * `pseudo/random`: over K samples drawn at random. Its expectation is the mean over all samples, and that is reported:
///   nothing is drawn;
/// * `pseudo/unstable`: over the K samples with the largest s.
///
/// The error is |ỹ − y| for values; for classes 1 where the likeliest one is wrong, averaged over the places of an image.
public enum PseudoLabelError {
  /// The three errors.
  ///
  /// - Parameters:
  ///   - labels: ỹ of every sample, `[N, 1]` for values, `[N, C]` or `[N, C, H, W]` for classes.
  ///   - stability: s of every sample.
  ///   - target: y of every sample.
  ///   - share: q.
  ///   - task: what the model predicts.
  public static func values(
    labels: Tensor, stability: [Double], target: Tensor, share: Double, task: PredictionTask
  ) -> MetricValues {
    let errors = noGrad { self.errors(labels, target.to(.cpu), task).doubles }
    let chosen = StableSelection.indices(stability, share: share)
    let restless = StableSelection.indices(stability.map { -$0 }, share: share)
    let mean = { (places: [Int]) in places.reduce(0) { $0 + errors[$1] } / Double(places.count) }
    return [
      "pseudo/stable": mean(chosen), "pseudo/random": mean(Array(errors.indices)), "pseudo/unstable": mean(restless),
    ]
  }

  /// The error of each label, `[N]`.
  private static func errors(_ labels: Tensor, _ target: Tensor, _ task: PredictionTask) -> Tensor {
    if task.kind == .regression { return (labels - target.reshaped(to: labels.shape)).abs().squeezed(1) }
    let wrong = (.!(labels.argmax(1) .== target)).to(.float64)
    return wrong.rank > 1 ? wrong.mean(1, 2) : wrong
  }
}
