import Torch

/// Tuning by a fusion of all modalities beside a frozen backbone; what Wander and its ablations share.
///
/// * `placement: last`: the fused step is added to every step that the representation is read from, so that the residual
///   is each modality's own: its first step with late fusion, its last with `mult`, the first step of the joined sequence
///   with early and encoder fusion (whose sequence, after the fusion encoder, is cut into modalities again).
///   The fused step is the mean of the T fused steps (`readout: mean`), or the first (as released, `first`), which leaves
///   the token factors of all others without effect.
/// * `placement: every`: after every encoder layer h_m ← h_m + V′_m F with V′_m `[L_m, T]`, zero at the start. Where the
///   layers read the joined sequence, it is cut into modalities for this; after the last of these only the first modality,
///   whose first step is read, gets the fused steps. `mult`, whose encoders do not run in step, gets a
///   fusion after the cross-modal encoders and one after the memory encoders.
///
/// The output at the start is the base's. (`last`: for samples that have the first modality, whose factor is the zero one;
/// without it the product is of the others.)
public final class FusionTuning: Module, Attachment, TuningMethod {
  /// Where fused steps join the backbone's.
  public enum Placement: String, Sendable, CaseIterable {
    /// Before the head.
    case last
    /// After every encoder layer.
    case every
  }

  /// What of T fused steps is read before the head.
  public enum Readout: String, Sendable, CaseIterable {
    /// The mean of all.
    case mean
    /// The first.
    case first
  }

  /// Makes a fusion for sequences of these lengths and this width; whether it must give 0 at the start.
  typealias Maker = (_ lengths: [Int], _ width: Int, _ startsAtZero: Bool) -> any SequenceFusion

  /// Fusions in the order in which they act.
  @Child("sites") private var sites: [FusionSite]
  private let method: String
  private let placement: Placement
  private let readout: Readout
  private let trainsHead: Bool
  private let make: Maker

  /// Sites after encoder layers, after encoding and after fusing, in the indices of `sites`.
  private var atLayers: Range<Int> = 0..<0
  private var afterEncoding: Int?
  private var afterFusing: Int?
  private var readouts = 1
  private var isJoined = false
  /// The modalities' sequences of this pass as they were encoded, and who has them.
  private var pass = FusionPass()

  /// Reads `placement` (`last`), `readout` (`mean`) and `train_head` (true).
  init(_ settings: SettingsReader, method: String, _ make: @escaping Maker) throws(Fault) {
    (self.method, self.make) = (method, make)
    placement = try settings.choice("placement", default: .last)
    readout = try settings.choice("readout", default: .mean)
    trainsHead = try settings.trainsHead()
    super.init()
    sites = []
  }

  /// Puts the fusions where the placement says.
  public func install(on model: MultimodalModel) throws(Fault) {
    let shapes = try StageShapes(of: model)
    let lengths = model.configuration.modalities.map(\.steps)
    (isJoined, readouts) = (shapes.isJoined, shapes.readouts)
    func site(_ width: Int, returningTo count: Int) -> FusionSite {
      FusionSite(make(lengths, width, placement == .last), returningTo: Array(lengths.prefix(count)))
    }
    model.freeze(trainingHead: trainsHead)
    switch placement {
    case .last: sites = [site(shapes.fused, returningTo: 0)]
    case .every:
      var made = (0..<shapes.encoderLayers).map { _ in site(shapes.encoded[0], returningTo: lengths.count) }
      atLayers = made.indices
      let joint = shapes.isJoined ? model.backbone.encoderLayers().filter { $0.key.hasPrefix("fusion.") } : []
      for (index, (_, layer)) in joint.enumerated() {
        // Behind the last layer only the first step of the whole is read: the first modality's.
        let site = site(shapes.fused, returningTo: index == joint.count - 1 ? 1 : lengths.count)
        made.append(site)
        layer.append(JointFusion(site, pass))
      }
      if made.isEmpty {
        (afterEncoding, afterFusing) = (0, 1)
        made = [shapes.encoded[0], shapes.fused].map { site($0, returningTo: lengths.count) }
      }
      sites = made
    }
    model.attach(self)
  }

  /// Its factors stand for the steps of each modality, counted from the first.
  public var sequenceEffect: SequenceEffect { .readsPositions }

  /// Those of the placement; the modalities' sequences are noted before fusing in any case.
  public var stages: Stages {
    switch placement {
    case .last: [.encoded, .fused, .represented]
    case .every: afterFusing == nil ? [.layers, .encoded, .represented] : [.encoded, .fused, .represented]
    }
  }

  /// Fusions between the layers of separate encoders.
  public var layerHook: ((_ layer: Int, _ tokens: [Tokens], _ inputs: Inputs) -> [Tokens])? {
    guard !atLayers.isEmpty else { return nil }
    return { layer, tokens, inputs in
      guard self.atLayers.contains(layer) else { return tokens }
      return self.sites[layer].added(to: tokens, present: FusionPass.presence(inputs))
    }
  }

  /// Adds to the cross-modal encoders' sequences.
  public func encoded(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens] {
    afterEncoding.map { sites[$0].added(to: tokens, present: FusionPass.presence(inputs)) } ?? tokens
  }

  /// Notes the modalities of this pass for those who see only the joined sequence.
  public func willFuse(_ tokens: [Tokens], _ inputs: Inputs) { pass.begin(tokens, inputs) }

  /// Adds to the memory encoders' sequences.
  public func fused(_ tokens: [Tokens], _ inputs: Inputs) -> [Tokens] {
    afterFusing.map { sites[$0].added(to: tokens, present: pass.present) } ?? tokens
  }

  /// Adds the fused step to every read-out step.
  public func represented(_ representation: Tensor, _ fused: [Tokens], _ inputs: Inputs) -> Tensor {
    defer { pass.end() }
    guard placement == .last else { return representation }
    let tokens = isJoined ? fused[0].split(pass.lengths) : fused
    let steps = sites[0].fusion.fuse(tokens, present: pass.present, limit: readout == .first ? 1 : nil)
    let step = steps.size(1) == 1 ? steps.select(1, 0) : steps.mean(1)
    return representation + (readouts == 1 ? step : .concatenated(Array(repeating: step, count: readouts), 1))
  }
}

/// What a pass through the model leaves for fusions that see only the joined sequence.
final class FusionPass {
  private(set) var lengths: [Int] = []
  private(set) var masks: [Tensor?] = []
  private(set) var present: [Tensor?] = []

  func begin(_ tokens: [Tokens], _ inputs: Inputs) {
    lengths = tokens.map(\.length)
    masks = tokens.map(\.mask)
    present = FusionPass.presence(inputs)
  }

  /// Lets go of the tensors.
  func end() { (masks, present) = ([], []) }

  static func presence(_ inputs: Inputs) -> [Tensor?] { inputs.modalities.indices.map { inputs.isPresent($0) } }
}
