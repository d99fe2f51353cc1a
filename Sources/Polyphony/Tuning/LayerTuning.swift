import Torch

/// A module that acts inside one encoder layer.
typealias LayerAdapterModule = Module & EncoderLayerAdapter

/// Gives every encoder layer of a model an adapter module; what bottleneck adapters, Compacter and prefixes share.
struct LayerTuning {
  /// The method's name.
  let method: String
  /// Whether the head is trained too.
  let trainsHead: Bool

  /// Freezes the base, makes an adapter per layer and puts it there; the modules by layer key.
  /// - Parameter make: makes the adapter of a layer of some width.
  /// - Throws: `Fault(.usage)` for a model without encoder layers, and what `make` throws.
  func install(
    on model: MultimodalModel, _ make: (_ width: Int) throws(Fault) -> any LayerAdapterModule
  ) throws(Fault) -> NamedModules {
    let layers = try model.layers(for: method)
    var modules = NamedModules()
    for (key, layer) in layers {
      let adapter = try make(layer.attention.inWeight.size(1))
      modules[key] = adapter
      layer.append(adapter)
    }
    model.freeze(trainingHead: trainsHead)
    return modules
  }
}
