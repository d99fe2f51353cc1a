import Torch

/// The tuning method `retrieval`: neighbours from the training split stand for missing modalities (after RAGPT).
///
/// It trains maps of the neighbours, the further steps' attention and the last layer. The projections stay frozen, for
/// the memory holds what they made of the training split. The adapter folder holds the memory: 4·N·Σ_m L_m·(width + 1)
/// bytes, with N the setting `places`, even where the training split has fewer samples.
public final class RetrievalTuning: TuningMethod {
  private let places: Int
  private let neighbours: Int
  private let length: Int
  private let parts: TrainableParts
  private var attachment: Retrieval?

  /// Settings: `places` (samples in the memory, 512), `neighbours` (5), `length` (further steps of each modality, 4; 0 for
  /// none), `head`.
  public init(_ reader: SettingsReader) throws(Fault) {
    places = try reader.int("places", default: 512, in: 1...65536)
    neighbours = try reader.int("neighbours", default: 5, in: 1...65536)
    length = try reader.int("length", default: 4, in: 0...1024)
    parts = TrainableParts(projections: false, head: try reader.bool("head", default: true))
  }

  /// Attaches an empty memory and freezes the rest.
  /// - Throws: `Fault(.usage)` for a model of one modality or of images, and for a backbone that embeds in another form
  ///   than one step of the model's width for each step of an input.
  public func install(on model: MultimodalModel) throws(Fault) {
    try model.checkEmbedding(for: "retrieval")
    let retrieval = Retrieval(model.configuration, places: places, neighbours: neighbours, length: length)
    model.attach(retrieval)
    parts.apply(to: model.backbone)
    attachment = retrieval
  }

  /// Stores samples of the training split, evenly spread over it where it has more than the memory.
  public func fit(_ training: UnlabelledSplit, on model: MultimodalModel) throws(Fault) {
    let samples = training.withStates(of: model.backbone)
    let count = min(places, samples.count)
    let inputs = model.prepared(samples.rows((0..<count).map { $0 * samples.count / count }).to(model.device))
    let tokens = model.evaluating { noGrad { model.backbone.embed(inputs) } }
    attachment?.memory.store(tokens, presence: inputs.presence)
  }
}
