import Torch

/// The body of a trained model inside a new one: the section `model.body` of a recipe.
///
/// The body is everything but the projections of the modalities and the last layer (``Backbone/projectionPrefixes``,
/// ``Backbone/outputLayer``). These two are new, so the new model may serve data with other features, other lengths and
/// another task than the trained one. MPLMM's paper tunes a model of a larger corpus on a smaller one in this way.
public struct BodySettings: Sendable {
  /// The folder of the trained model, or of a run over seeds. In a run over seeds, each seed takes its own model.
  public var folder: String?
  /// True for a body that is trained further, false for a frozen one.
  public var isTrained: Bool

  /// Reads `from` and `train`.
  public init(_ reader: SettingsReader) throws(Fault) {
    folder = try reader.optional("from", .string)
    isTrained = try reader.choice("train", of: ["none", "all"], default: "none") == "all"
  }
}

extension BodySettings {
  /// The folder of the trained model for a seed; nil without a body.
  func folder(seed: UInt64) throws(Fault) -> String? {
    guard let folder else { return nil }
    do throws(Fault) {
      return try SeededFolders(folder, .model).folder(seed: seed)
    } catch {
      var located = error
      located.key = "model.body.from"
      throw located
    }
  }

  /// Copies the body of the trained model into a new one, and freezes it if it is not trained.
  /// - Throws: The errors of reading the trained model, and `Fault(.usage)` for a body of another form.
  func load(into model: MultimodalModel, seed: UInt64) throws(Fault) {
    guard let folder = try folder(seed: seed) else { return }
    let trained = try ModelFolder.read(folder)
    let (own, other) = (model.configuration, trained.configuration)
    func refuse(_ what: String, _ found: String, _ expected: String) -> Fault {
      Fault(
        .usage, "the body of the trained model does not fit", file: folder, key: "model.body.from",
        found: "\(what) \(found)", expected: expected,
        remedy: "give the new model the architecture and sizes of the trained one, and as many modalities")
    }
    guard own.architecture == other.architecture else {
      throw refuse("architecture", other.architecture, own.architecture)
    }
    guard own.heads == other.heads else { throw refuse("heads", "\(other.heads)", "\(own.heads)") }
    let backbone = model.backbone
    let last = backbone.outputLayerKeys
    let body = backbone.storage().filter { !backbone.isProjection($0.key) && !last.contains($0.key) }
    let saved = Dictionary(uniqueKeysWithValues: trained.backbone.storage().map { ($0.key, $0.storage.tensor!) })
    for (key, stored) in body {
      let target = stored.tensor!
      guard let source = saved[key], source.shape == target.shape else {
        throw refuse(key, saved[key].map { "\($0.shape)" } ?? "none", "\(target.shape)")
      }
      noGrad { target.copyInPlace(from: source) }
    }
    guard !isTrained else { return }
    let frozen = Set(body.map(\.key))
    backbone.freeze { frozen.contains($0) }
  }

  /// The hash of the trained model's weights, which a run starts from; nil without a body.
  func fingerprint(seed: UInt64) throws(Fault) -> String? {
    try folder(seed: seed).map { (path) throws(Fault) in try ModelFolder.fingerprint(path) }
  }
}
