import Torch

/// The models that the runs of a life start from: each seed's own, or one for all.
///
/// A model that serves several runs in a row is read once. The method that a run has installed on it is switched off before
/// the next one starts, which restores every bit of what was read.
final class StartingModels {
  private let places: [(seed: UInt64, model: String, adapter: String?)]
  private let device: Device
  private var current: (model: String, adapter: String?, read: ModelWithAdapter)?
  private var installed: Installation?

  /// Finds the folder of every seed's model, and of the adapter that this carries already.
  /// - Throws: `Fault(.missingInput)` where there are folders for other seeds only.
  init(_ model: String, adapter: String?, seeds: [UInt64], device: Device) throws(Fault) {
    self.device = device
    var places: [(UInt64, String, String?)] = []
    for seed in seeds {
      let place = try SeededFolders.start(model, adapter: adapter, seed: seed)
      places.append((seed, place.model, place.adapter))
    }
    self.places = places
  }

  /// A seed's model as it was read, in evaluation form.
  /// - Throws: What reading model and adapter throws.
  func model(seed: UInt64) throws(Fault) -> ModelWithAdapter {
    guard let place = places.first(where: { $0.seed == seed }) else {
      throw Fault(
        .usage, "the life was prepared for other seeds", key: "seed", found: "\(seed)",
        expected: places.map { "\($0.seed)" }.joined(separator: ", "))
    }
    installed?.isEnabled = false
    installed = nil
    if current?.model != place.model || current?.adapter != place.adapter {
      // Only one model is kept: the one before it goes first.
      current = nil
      let read = try ModelWithAdapter(place.model, adapter: place.adapter, device: device)
      current = (place.model, place.adapter, read)
    }
    guard let read = current?.read else {
      throw Fault(.failure, "a model was read and is not there", file: place.model)
    }
    read.model.train(false)
    return read
  }

  /// Installs a method on a seed's model; it is switched off when the next model is asked for.
  /// - Throws: What ``Installation`` throws.
  func install(_ method: any TuningMethod, name: String, on start: ModelWithAdapter) throws(Fault) -> Installation {
    let installation = try Installation(method, on: start.model, name: name, beneath: start.installation)
    installed = installation
    return installation
  }
}
