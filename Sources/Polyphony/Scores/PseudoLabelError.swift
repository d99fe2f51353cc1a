import Torch

/// The error of pseudo-labels against targets that adaptation has not used.
///
/// Every sample has a pseudo-label, the mean ỹ of its snapshots, and a stability s. A share q chooses K samples
/// (``StableSelection``). The three values are mean errors of labels:
///
/// * `pseudo/stable`: over the chosen samples, s ≤ Q_q(s);
/// * `pseudo/random`: over K random samples. The value is its expectation, the mean over all samples, without a draw;
/// * `pseudo/unstable`: over the K samples with the largest s.
///
/// The error is |ỹ − y| for values, averaged over the targets. For classes it is 1 if the likeliest one is wrong,
/// averaged over the places of an image. For labels it is the share of wrong ones.
public enum PseudoLabelError {
  /// Computes the three errors.
  ///
  /// - Parameters:
  ///   - labels: ỹ of every sample, `[N, K]` for values and labels, `[N, C]` or `[N, C, H, W]` for classes.
  ///   - stability: s of every sample.
  ///   - target: y of every sample.
  ///   - share: q.
  ///   - task: the task of the model.
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
    if task.kind == .regression { return (labels - target.reshaped(to: labels.shape)).abs().mean(1) }
    if task.kind == .multilabel { return (.!((labels .>= 0.5) .== (target .>= 0.5))).to(.float64).mean(1) }
    return (.!(labels.argmax(1) .== target)).to(.float64).meanOfEachSample
  }
}
