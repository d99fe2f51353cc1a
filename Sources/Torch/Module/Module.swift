/// A part of a network: parameters, buffers and inner modules under PyTorch's state-dict names.
///
/// A subclass declares `@Parameter`, `@OptionalParameter`, `@Buffer` and `@Child` properties and sets them after
/// `super.init()`. Keys follow declaration order: `layers.0.fc1.weight` is the weight of `fc1` of the first of
/// `layers`.
///
/// ```swift
/// final class Perceptron: Module {
///   @Child var hidden: Linear
///   @Child var output: Linear
///   init(_ inputs: Int, _ outputs: Int) {
///     super.init()
///     (hidden, output) = (Linear(inputs, 32), Linear(32, outputs))
///   }
///   func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x).relu()) }
/// }
/// ```
open class Module {
  /// True if dropout and batch statistics are in their training form.
  public private(set) var isTraining = true

  /// Makes an empty module. Subclasses call it first.
  public init() {}

  /// Switches this module and all inner modules to training or evaluation.
  open func train(_ value: Bool = true) {
    isTraining = value
    for (_, child) in children { child.train(value) }
  }

  /// The direct children with their keys.
  public var children: [(key: String, module: Module)] {
    wrappers.flatMap { label, wrapper -> [(key: String, module: Module)] in
      guard let child = wrapper as? AnyChild else { return [] }
      return child.members.map { (Module.join(child.key ?? label, $0.key), $0.module) }
    }
  }

  /// Returns the outermost inner modules of a type with their keys, in the order of keys.
  public func modules<Part>(_ type: Part.Type, _ prefix: String = "") -> [(key: String, module: Part)] {
    children.flatMap { key, module -> [(key: String, module: Part)] in
      let path = Module.join(prefix, key)
      return (module as? Part).map { [(path, $0)] } ?? module.modules(type, path)
    }
  }

  /// Returns every stored tensor of this module and all inner modules, with its full key.
  public func storage(_ prefix: String = "") -> [(key: String, storage: StoredTensor)] {
    var result: [(key: String, storage: StoredTensor)] = []
    for (label, wrapper) in wrappers {
      if let stored = wrapper as? StoredTensor, stored.tensor != nil {
        result.append((Module.join(prefix, stored.key ?? label), stored))
      } else if let child = wrapper as? AnyChild {
        for (key, module) in child.members {
          result += module.storage(Module.join(prefix, Module.join(child.key ?? label, key)))
        }
      }
    }
    return result
  }

  /// Returns every trained tensor with its key, frozen ones included.
  public func parameters() -> [(key: String, storage: StoredTensor)] { storage().filter(\.storage.isTrainable) }

  /// Returns the parameters that get gradients, with their keys.
  public func trainableParameters() -> [(key: String, storage: StoredTensor)] {
    parameters().filter { $0.storage.tensor!.requiresGradient }
  }

  /// The number of elements of all parameters, and of those that get gradients.
  public var parameterCount: (total: Int, trainable: Int) {
    let all = parameters().map(\.storage.tensor!)
    return (all.reduce(0) { $0 + $1.count }, all.reduce(0) { $0 + ($1.requiresGradient ? $1.count : 0) })
  }

  /// Turns gradients off for the parameters whose key satisfies the condition. Default: all parameters.
  public func freeze(where condition: (String) -> Bool = { _ in true }) { set(false, where: condition) }

  /// Turns gradients on for the parameters whose key satisfies the condition. Default: all parameters.
  public func unfreeze(where condition: (String) -> Bool = { _ in true }) { set(true, where: condition) }

  /// Removes all gradients.
  ///
  /// If an optimiser holds the parameters, use its `zeroGradients()` instead: those gradients are views of its block.
  public func clearGradients() {
    for (_, stored) in parameters() { stored.tensor?.gradient = nil }
  }

  /// Moves every tensor to a device, and floating-point ones to an element type.
  ///
  /// A tensor that already fits stays the same object. A moved tensor loses its gradient and its place in an
  /// optimiser's block, so make the optimiser afterwards.
  public func move(to device: Device, dtype: DType? = nil) {
    for (_, stored) in storage() {
      let tensor = stored.tensor!
      let type = tensor.dtype.isFloatingPoint ? dtype ?? tensor.dtype : tensor.dtype
      guard tensor.device != device || tensor.dtype != type else { continue }
      let moved = noGrad { tensor.detached().to(device).to(type) }
      stored.tensor = tensor.requiresGradient ? moved.requiringGradient() : moved
    }
  }

  private func set(_ value: Bool, where condition: (String) -> Bool) {
    for (key, stored) in parameters() where condition(key) { stored.tensor?.requiringGradient(value) }
  }

  /// The wrapped properties of this object in declaration order, those of superclasses first.
  ///
  /// Reflection is slow, and a served model needs its children for every pass. The wrappers are classes, so what they
  /// hold may change afterwards.
  private lazy var wrappers = reflectedWrappers()

  private func reflectedWrappers() -> [(label: String, wrapper: Any)] {
    var mirrors: [Mirror] = []
    var mirror: Mirror? = Mirror(reflecting: self)
    while let current = mirror {
      mirrors.insert(current, at: 0)
      mirror = current.superclassMirror
    }
    return mirrors.flatMap { mirror in
      mirror.children.compactMap { label, value in
        guard value is StoredTensor || value is AnyChild else { return nil }
        // A wrapper's storage has its property's name after an underscore.
        return (String(label!.drop { $0 == "_" }), value)
      }
    }
  }

  private static func join(_ left: String, _ right: String) -> String {
    left.isEmpty ? right : right.isEmpty ? left : "\(left).\(right)"
  }
}
