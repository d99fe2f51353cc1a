import Torch

/// A module that acts inside one encoder layer.
typealias LayerAdapterModule = Module & EncoderLayerAdapter

/// Adds an adapter module to every encoder layer of a model, for bottleneck adapters, Compacter and prefixes.
struct LayerTuning {
  /// The method's name.
  let method: String
  /// True if the head is also trained.
  let trainsHead: Bool

  /// Freezes the base, adds an adapter to each layer and returns the adapters by layer key.
  /// - Parameter make: makes the adapter for a layer of this width.
  /// - Throws: `Fault(.usage)` for a model without encoder layers, and the faults of `make`.
  func install(
    on model: MultimodalModel, _ make: (_ width: Int) throws(Fault) -> any LayerAdapterModule
  ) throws(Fault) -> NamedModules {
    let layers = try model.layers(for: method)
    var modules = NamedModules()
    for (key, layer) in layers {
      let adapter = try make(layer.width)
      modules[key] = adapter
      layer.append(adapter)
    }
    model.freeze(trainingHead: trainsHead)
    return modules
  }
}
