import Torch

/// Tuning by parts that join all modalities beside a frozen backbone: the common part of Wander, its ablations,
/// cross-attention and MokA.
///
/// * `placement: last`: the fused step is added to every step that the representation is read from, so that each modality
///   keeps its own residual. Late fusion reads first steps, `mult` last ones. Early and encoder fusion read the first step
///   of the joined sequence, which is cut into modalities again after the fusion encoder. The fused step is the mean of
///   the T fused steps (`readout: mean`), or the first (`first`, as released). With the first, the token factors of all
///   others have no effect.
/// * `placement: every`: after every encoder layer h_m ← h_m + V′_m F with V′_m `[L_m, T]`, zero at the start. The joined
///   sequence of a fusion encoder is cut into modalities for this. After the last fusion layer only the first modality
///   gets the fused steps, where the representation is its first step. The encoders of `mult` do not run in step: it gets
///   a fusion after the cross-modal encoders and one after the memory encoders.
///
/// The output at the start is the base's. With `last` that holds for samples that have the first modality: its factor is
/// the one that starts at zero, and a sample without it gets the product of the others.
public final class FusionTuning: Module, Attachment, TuningMethod {
  /// The place at which fused steps are added to the backbone's.
  public enum Placement: String, Sendable, CaseIterable {
    /// Before the head.
    case last
    /// After every encoder layer.
    case every
  }

  /// The reading of T fused steps before the head.
  public enum Readout: String, Sendable, CaseIterable {
    /// The mean of all steps.
    case mean
    /// The first step.
    case first
  }

  /// Makes a fusion for sequences of these lengths and this width; whether it must give 0 at the start.
  typealias Maker = (_ lengths: [Int], _ width: Int, _ startsAtZero: Bool) -> any SequenceFusion

  /// Sites in the order in which they act.
  @Child("sites") private var modules: [Module]
  private var sites: [any TuningSite] = [] { didSet { modules = sites.map { $0 as Module } } }
  package let placement: Placement
  package let readout: Readout
  private let trainsHead: Bool
  /// Makes a site that returns its steps to this number of first modalities.
  private let make: (_ lengths: [Int], _ width: Int, _ returning: Int) -> any TuningSite

  /// Sites after encoder layers, after fusion layers, after encoding and after fusing, in the indices of `sites`.
  package private(set) var atEncoderLayers: Range<Int> = 0..<0
  package private(set) var atFusionLayers: Range<Int> = 0..<0
  package private(set) var afterEncoding: Int?
  package private(set) var afterFusing: Int?
  package private(set) var readouts = 1
  package private(set) var isJoined = false

  /// Reads `placement` (`last`), `readout` (`mean`) and `train_head` (true).
  init(_ settings: SettingsReader, _ make: @escaping Maker) throws(Fault) {
    let placement: Placement = try settings.choice("placement", default: .last)
    self.placement = placement
    self.make = { lengths, width, count in
      FusionSite(make(lengths, width, placement == .last), returningTo: Array(lengths.prefix(count)))
    }
    readout = try settings.choice("readout", default: .mean)
    trainsHead = try settings.trainsHead()
    super.init()
    modules = []
  }

  /// Acts after every layer, by sites that change this number of first modalities and have no fused steps. Reads
  /// `train_head` (true).
  init(
    afterEveryLayer settings: SettingsReader, _ make: @escaping (_ modalities: Int, _ width: Int) -> any TuningSite
  ) throws(Fault) {
    (placement, readout) = (.every, .mean)
    self.make = { _, width, count in make(count, width) }
    trainsHead = try settings.trainsHead()
    super.init()
    modules = []
  }

  /// True, since a probe shows the shapes of the model's stages.
  public var runsModelToInstall: Bool { true }

  /// Puts the fusions where the placement says.
  public func install(on model: MultimodalModel) throws(Fault) {
    let shapes = try StageShapes(of: model)
    let lengths = model.configuration.modalities.map(\.steps)
    (isJoined, readouts) = (shapes.isJoined, shapes.readouts)
    func site(_ width: Int, returningTo count: Int) -> any TuningSite { make(lengths, width, count) }
    model.freeze(trainingHead: trainsHead)
    switch placement {
    case .last: sites = [site(shapes.fused, returningTo: 0)]
    case .every:
      var made = (0..<shapes.encoderLayers).map { _ in site(shapes.encoded[0], returningTo: lengths.count) }
      atEncoderLayers = made.indices
      let fusionLayers = shapes.isJoined ? shapes.fusionLayers : 0
      for layer in 0..<fusionLayers {
        let isLast = layer == fusionLayers - 1
        made.append(site(shapes.fused, returningTo: isLast && shapes.readsFirstStep ? 1 : lengths.count))
      }
      atFusionLayers = atEncoderLayers.endIndex..<made.endIndex
      if made.isEmpty {
        (afterEncoding, afterFusing) = (0, 1)
        made = [shapes.encoded[0], shapes.fused].map { site($0, returningTo: lengths.count) }
      }
      sites = made
    }
    model.attach(self)
  }

  /// The factors have a value for each step of a modality, counted from the first.
  public var sequenceEffect: SequenceEffect { .readsPositions }

  /// The stages after which there are fusions.
  public var stages: Stages {
    guard placement == .every else { return .fused }
    var stages: Stages = []
    if !atEncoderLayers.isEmpty { stages.insert(.encoderLayers) }
    if !atFusionLayers.isEmpty { stages.insert(.fusionLayers) }
    if afterEncoding != nil { stages.insert(.encoded) }
    if afterFusing != nil { stages.insert(.fused) }
    return stages
  }

  /// Adds to the sequences between the layers of separate encoders.
  public func encoderLayer(_ layer: Int, _ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
    guard layer < atEncoderLayers.count else { return tokens }
    return sites[layer].added(to: tokens, present: context.presence)
  }

  /// Adds to the cross-modal encoders' sequences.
  public func encoded(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
    afterEncoding.map { sites[$0].added(to: tokens, present: context.presence) } ?? tokens
  }

  /// Adds to the modalities' parts of the joined sequence between the layers of the fusion encoder.
  public func fusionLayer(_ layer: Int, _ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
    guard layer < atFusionLayers.count else { return tokens }
    return sites[atFusionLayers.startIndex + layer].added(to: tokens, present: context.presence)
  }

  /// Adds to the memory encoders' sequences.
  public func fused(_ tokens: [Tokens], _ context: ForwardContext) -> [Tokens] {
    afterFusing.map { sites[$0].added(to: tokens, present: context.presence) } ?? tokens
  }

  /// Adds the fused step to every read-out step.
  public func represented(_ representation: Tensor, _ context: ForwardContext) -> Tensor {
    guard placement == .last, let site = sites[0] as? FusionSite else { return representation }
    let tokens = isJoined ? context.fused[0].split(context.encoded.map(\.length)) : context.fused
    let steps = site.fusion.fuse(tokens, present: context.presence, limit: readout == .first ? 1 : nil)
    let step = steps.size(1) == 1 ? steps.select(1, 0) : steps.mean(1)
    return representation + (readouts == 1 ? step : .concatenated(Array(repeating: step, count: readouts), 1))
  }
}
