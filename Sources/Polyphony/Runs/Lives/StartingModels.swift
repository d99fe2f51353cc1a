import Torch

/// The models that the runs of a life start from: one per seed, or one for all seeds.
///
/// A model that serves several runs in a row is read once. Before the next run starts, the previous run's method is
/// switched off. This restores every bit of the model on disk.
final class StartingModels {
  private let places: [(seed: UInt64, model: String, adapter: String?)]
  private let device: Device
  private var current: (model: String, adapter: String?, read: ModelWithAdapter)?
  private var installed: Installation?

  /// Finds the folder of every seed's model, and of the adapter that the model carries already.
  /// - Throws: `Fault(.missingInput)` if there are folders for other seeds only.
  init(_ model: String, adapter: String?, seeds: [UInt64], device: Device) throws(Fault) {
    self.device = device
    var places: [(UInt64, String, String?)] = []
    for seed in seeds {
      let place = try SeededFolders.start(model, adapter: adapter, seed: seed)
      places.append((seed, place.model, place.adapter))
    }
    self.places = places
  }

  /// The model of a seed as it is on disk, in evaluation mode.
  /// - Throws: The errors of reading model and adapter.
  func model(seed: UInt64) throws(Fault) -> ModelWithAdapter {
    guard let place = places.first(where: { $0.seed == seed }) else {
      throw Fault(
        .usage, "the life was prepared for other seeds", key: "seed", found: "\(seed)",
        expected: places.map { "\($0.seed)" }.joined(separator: ", "))
    }
    installed?.isEnabled = false
    installed = nil
    if let current, current.model == place.model, current.adapter == place.adapter {
      current.read.model.train(false)
      return current.read
    }
    // Only one model stays in memory. The old one goes before the new one is read.
    current = nil
    let read = try ModelWithAdapter(place.model, adapter: place.adapter, device: device)
    current = (place.model, place.adapter, read)
    return read
  }

  /// Installs a method on a seed's model. The next call of ``model(seed:)`` switches it off.
  /// - Throws: The errors of ``Installation``.
  func install(_ method: any TuningMethod, name: String, on start: ModelWithAdapter) throws(Fault) -> Installation {
    let installation = try Installation(method, on: start.model, name: name, beneath: start.installation)
    installed = installation
    return installation
  }

  /// Switches off the latest installation, and an earlier one of the same model on.
  func exchange(for installation: Installation) {
    installed?.isEnabled = false
    installation.isEnabled = true
    installed = installation
  }
}
