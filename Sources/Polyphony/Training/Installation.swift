import Torch

/// A tuning method on a model, which can be switched off and on without reading the model anew.
///
/// Switched off, the model gives the same outputs as before the installation, bit for bit. The method trains copies of
/// the backbone's tensors (the head's, all biases, …), and the originals come back.
///
/// A method may be installed on a model with other methods (``beneath``). The others are then frozen, and `tensors`
/// excludes theirs. Of several stacks on one model, only one may be enabled at a time, and a further one may be
/// installed only while the others are off. ``AdapterSet`` takes care of this.
///
/// ```swift
/// let (lora, _) = try ModelWithAdapter("runs/base/model").install("lora")
/// let tuned = lora.model(inputs).prediction
/// lora.isEnabled = false
/// let base = lora.model(inputs).prediction  // the base model, bit for bit
/// ```
public final class Installation {
  /// The tuning method.
  public let method: any TuningMethod
  /// The name of the method, for error messages.
  public let name: String
  /// The model with the method.
  public let model: MultimodalModel
  /// The installation that the model carried before. Nil for the bare base.
  public let beneath: Installation?
  private let base: ModelState
  private var tuned: ModelState

  /// Installs a method, and copies the backbone's tensors that it trains.
  ///
  /// - Parameters:
  ///   - method: the method.
  ///   - model: the model.
  ///   - name: the name in error messages. Default: the method's type.
  ///   - beneath: the installation that the model carries already. It must be enabled.
  /// - Throws: The method's error for a model that it does not fit, `Fault(.usage)` for a method that cannot act on the
  ///   ones beneath. The model is unchanged then.
  public init(
    _ method: any TuningMethod, on model: MultimodalModel, name: String? = nil, beneath: Installation? = nil
  ) throws(Fault) {
    (self.method, self.model, self.beneath) = (method, model, beneath)
    self.name = name ?? "\(type(of: method))"
    base = ModelState(of: model)
    // A method freezes the backbone. The attachments of other methods are frozen below.
    let carried = model.attachments
    do {
      try method.install(on: model)
      try Self.checkSteps(model.attachments, from: carried.count, self.name, on: beneath)
    } catch {
      base.restore(model)
      throw error
    }
    for attachment in carried { attachment.freeze() }
    for (_, stored) in model.backbone.storage() {
      guard let tensor = stored.tensor, tensor.requiresGradient || !stored.isTrainable else { continue }
      let copy = noGrad { tensor.detached().copy() }
      stored.tensor = stored.isTrainable ? copy.requiringGradient() : copy
    }
    tuned = ModelState(of: model)
  }

  /// True while the method acts. If false, the model computes as before the installation.
  public var isEnabled = true {
    didSet {
      guard isEnabled != oldValue else { return }
      if isEnabled {
        tuned.restore(model)
      } else {
        // The optimiser may have moved the trained tensors into its own memory since the installation.
        tuned = ModelState(of: model)
        base.restore(model)
      }
    }
  }

  /// True while the method and all beneath it act. If false, the model computes as the bare base.
  public var isStackEnabled: Bool {
    get { isEnabled }
    set {
      // Enabling goes from below upwards, disabling the other way. Each one restores the state beneath the next one.
      if newValue { beneath?.isStackEnabled = true }
      isEnabled = newValue
      if !newValue { beneath?.isStackEnabled = false }
    }
  }

  /// This method and all beneath it, from the top down.
  var stack: [Installation] { [self] + (beneath?.stack ?? []) }

  /// The tensors of an adapter: the trained tensors, and all buffers of the backbone and of the method's attachments.
  ///
  /// The buffers are part of it because training changes them even in a frozen backbone. The tensors beneath are
  /// excluded. Keys are the backbone's own, and `attachment.N.` with N counted from 0 among the method's attachments.
  /// The method must be enabled and on top of the stack.
  var tensors: [(key: String, tensor: Tensor)] {
    let own = model.attachments.dropFirst(base.attachments.count).enumerated().flatMap { index, attachment in
      attachment.storage().map { ("attachment.\(index).\($0.key)", $0.storage) }
    }
    let all = model.backbone.storage() + own
    let trained = all.filter { $0.1.isTrainable && $0.1.tensor?.requiresGradient == true }
    return (trained + all.filter { !$0.1.isTrainable }).map { ($0.0, $0.1.tensor!.detached()) }
  }

  private static func checkSteps(
    _ attachments: [any Attachment], from count: Int, _ name: String, on beneath: Installation?
  ) throws(Fault) {
    var level = beneath
    while let lower = level {
      level = lower.beneath
      let carried = attachments[lower.base.attachments.count..<lower.tuned.attachments.count]
      let agree = carried.allSatisfy { one in
        attachments[count...].allSatisfy { one.sequenceEffect.agrees(with: $0.sequenceEffect) }
      }
      guard agree else {
        throw Fault(
          .usage, "the two methods cannot act in one model: one adds steps where the other counts or adds them",
          key: "--method", found: "\(name) on \(lower.name)", expected: "another method on \(lower.name)",
          remedy: "use one of prompt, prompts and missing_aware_prompts, and prompt not beside a fusion such as wander")
      }
    }
  }
}
