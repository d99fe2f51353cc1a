import Torch

/// A tuning method on a model, to be switched off and on again without reading the model anew.
///
/// Switched off, the model gives what it gave before, bit for bit: tensors of the backbone that the method trains (the
/// head's, all biases, …) are trained as copies, and the originals come back. A method may be installed on a model that
/// carries others already (``beneath``): those are frozen, and what it trains is told apart from theirs (`tensors`).
/// Several stacks on one model are switched one at a time (``AdapterSet`` sees to that): install and enable one only while
/// the others are off.
public final class Installation {
  /// The method.
  public let method: any TuningMethod
  /// Its name, for messages.
  public let name: String
  /// What it is installed on.
  public let model: MultimodalModel
  /// What the model carried already; nil for the bare base.
  public let beneath: Installation?
  private let base: ModelState
  private var tuned: ModelState

  /// Installs a method and gives the backbone's tensors that it trains memory of their own.
  ///
  /// - Parameters:
  ///   - method: the method.
  ///   - model: the model.
  ///   - name: what it is called in messages.
  ///   - beneath: what the model carries already, enabled.
  /// - Throws: What the method throws where it cannot serve this model, `Fault(.usage)` where it cannot stand on what is
  ///   beneath; the model is as before then.
  public init(
    _ method: any TuningMethod, on model: MultimodalModel, name: String? = nil, beneath: Installation? = nil
  ) throws(Fault) {
    (self.method, self.model, self.beneath) = (method, model, beneath)
    self.name = name ?? "\(type(of: method))"
    base = ModelState(of: model)
    // A method freezes the backbone; what others have attached is no concern of its.
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

  /// Whether the method acts. Off, the model is what is beneath.
  public var isEnabled = true {
    didSet {
      guard isEnabled != oldValue else { return }
      if isEnabled {
        tuned.restore(model)
      } else {
        // An optimiser has laid the trained tensors into its own memory since.
        tuned = ModelState(of: model)
        base.restore(model)
      }
    }
  }

  /// Whether the method and all beneath it act. Off, the model is the bare base.
  public var isStackEnabled: Bool {
    get { isEnabled }
    set {
      // From below upwards, and down again in the other order: each restores what the next one was installed on.
      if newValue { beneath?.isStackEnabled = true }
      isEnabled = newValue
      if !newValue { beneath?.isStackEnabled = false }
    }
  }

  /// This method and all beneath it, from above.
  var stack: [Installation] { [self] + (beneath?.stack ?? []) }

  /// What an adapter holds: what the method trains, and the buffers of the backbone, which training changes whatever is
  /// frozen, and of what the method has attached. What is beneath has no part in it.
  ///
  /// Keys are the backbone's own, and `attachment.N.` with N counted from 0 among those that the method has attached. To be
  /// asked for while the method is enabled and nothing stands on it.
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
          remedy: "use one of prompt, prompts and missing_aware_prompts, and prompt not beside wander, lmf or concat")
      }
    }
  }
}
