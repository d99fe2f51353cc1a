import Torch

/// The violation of a bound; see ``CollapseRecord``.
struct CollapseViolation {
  var measure: CollapseRecord.Measure
  var value: Double?
  var bound: Double?
}

/// Checks an adaptation against its ``CollapseBounds`` and restores its last good state after a violation.
final class CollapseGuard {
  /// The number of contrastive losses in the mean of the reference and of each comparison, online.
  static let window = 8
  /// The smallest number of samples with a meaningful spread.
  static let smallestGroup = 8

  let bounds: CollapseBounds
  let source: AdaptedState
  private(set) var good: AdaptedState
  /// The first mean contrastive loss.
  var contrastReference: Double?
  /// The latest contrastive losses, online.
  var recentContrast: [Double] = []

  init(_ bounds: CollapseBounds, source: AdaptedState) {
    (self.bounds, self.source, good) = (bounds, source, source)
  }

  /// Returns the violated bound; nil if there is none.
  /// - Parameter spread: the predictions of some samples by the current model and by the source.
  func violation(
    _ session: AdaptationSession, spread: (now: Tensor, source: Tensor)? = nil, contrast: Double? = nil
  ) -> CollapseViolation? {
    if session.hasFailed { return .init(measure: .loss, value: nil, bound: nil) }
    guard bounds.isEnabled else { return nil }
    let drift = drift(session)
    guard drift <= bounds.maximumDrift else {
      return .init(measure: .drift, value: drift.finite, bound: bounds.maximumDrift)
    }
    if let contrast {
      let reference = contrastReference ?? contrast
      contrastReference = reference
      let ratio = contrast / max(reference, 1e-6)
      guard ratio <= bounds.maximumContrast else {
        return .init(measure: .contrast, value: ratio.finite, bound: bounds.maximumContrast)
      }
    }
    if let spread, spread.now.size(0) >= Self.smallestGroup {
      let task = session.model.configuration.task
      let before = SoftPrediction.spread(spread.source, task)
      let now = SoftPrediction.spread(spread.now, task)
      guard now.isFinite else { return .init(measure: .spread, value: nil, bound: bounds.maximumSpread) }
      // A source with equal predictions for all samples has no spread to lose.
      if before > 1e-6 {
        let ratio = now / before
        if ratio < bounds.minimumSpread { return .init(measure: .spread, value: ratio, bound: bounds.minimumSpread) }
        if ratio > bounds.maximumSpread { return .init(measure: .spread, value: ratio, bound: bounds.maximumSpread) }
        let movement = SoftPrediction.distance(spread.now, spread.source, task) / before
        if movement > bounds.maximumMovement {
          return .init(measure: .movement, value: movement, bound: bounds.maximumMovement)
        }
      }
    }
    return nil
  }

  /// The drift ‖θ − θ₀‖ / ‖θ₀‖; 0 without adapted parameters.
  func drift(_ session: AdaptationSession) -> Double {
    let values = session.group.parameters.values
    guard values.count > 0 else { return 0 }
    return noGrad { ((values - source.values).norm() / source.values.norm().clamped(1e-12, nil)).item }
  }

  /// Adds a contrastive loss, online.
  func add(contrast: Double) { recentContrast = Array((recentContrast + [contrast]).suffix(Self.window)) }

  /// The mean of the latest contrastive losses, online; nil for fewer losses than a window.
  var meanContrast: Double? {
    guard recentContrast.count == Self.window else { return nil }
    return recentContrast.reduce(0, +) / Double(Self.window)
  }

  /// Reference and latest contrastive losses as one tensor of a fixed length.
  ///
  /// A contrastive loss is at least 0, so −1 stands for one that is not there.
  var contrastState: Tensor {
    get {
      let losses = [contrastReference ?? -1] + recentContrast
      return Tensor(losses + Array(repeating: -1, count: 1 + Self.window - losses.count))
    }
    set {
      let losses = newValue.doubles
      contrastReference = losses.first.flatMap { $0 > -1 ? $0 : nil }
      recentContrast = losses.dropFirst().filter { $0 > -1 }.suffix(Self.window)
    }
  }

  /// Runs `body` with the source model, as it was before the first step.
  func withSource<Value>(
    _ session: AdaptationSession, _ body: () throws(Fault) -> Value
  ) throws(Fault) -> Value {
    let own = AdaptedState(of: session)
    source.restore(session)
    defer { own.restore(session) }
    return try body()
  }

  /// Records the current state as good.
  func accept(_ session: AdaptationSession) { good = AdaptedState(of: session) }

  /// Restores the last good state and starts a new optimiser. Losses on the way to the collapse count no longer.
  func restore(_ session: AdaptationSession) {
    good.restore(session)
    session.restartOptimizer()
    session.hasFailed = false
    recentContrast = []
  }

  func state() -> [(key: String, tensor: Tensor)] { good.tensors(session: nil) }

  func load(_ saved: [String: Tensor], file: String?) throws(Fault) {
    let own = good.tensors(session: nil)
    try SavedTensors.check(saved, against: own, file: file)
    good = AdaptedState(copying: own.map { saved[$0.key]! })
  }
}

extension Double {
  fileprivate var finite: Double? { isFinite ? self : nil }
}
