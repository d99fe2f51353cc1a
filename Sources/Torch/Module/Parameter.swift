/// What a property wrapper of a ``Module`` holds: a named tensor, and how its value is seen.
public class StoredTensor {
  /// The key in the state dict; nil takes the property's name.
  let key: String?
  /// Whether the tensor is trained; a buffer is only saved.
  public let isTrainable: Bool
  /// The tensor itself. Replacing it keeps the key.
  public var tensor: Tensor?
  /// Stands between the stored tensor and whoever reads the property, such as a low-rank update (LoRA).
  ///
  /// The state dict and optimisers see the stored tensor; the layer sees what this makes of it.
  public var reparametrization: ((Tensor) -> Tensor)?

  init(key: String?, isTrainable: Bool) {
    self.key = key
    self.isTrainable = isTrainable
  }

  var value: Tensor? {
    guard let tensor else { return nil }
    return reparametrization?(tensor) ?? tensor
  }

  var required: Tensor {
    guard let value else { Door.fail("the parameter \(key ?? "") was read before it was set") }
    return value
  }
}

/// A trained tensor of a module; its argument is the checkpoint key where that is not the property's name.
///
/// A tensor set through the property gets gradients.
@propertyWrapper
public final class Parameter: StoredTensor {
  /// A parameter to be set in the module's initialiser.
  public init(_ key: String? = nil) { super.init(key: key, isTrainable: true) }

  /// The tensor as the layer sees it.
  public var wrappedValue: Tensor {
    get { required }
    set { tensor = newValue.requiringGradient() }
  }

  /// The storage.
  public var projectedValue: StoredTensor { self }
}

/// A trained tensor that a module may lack, such as a bias.
@propertyWrapper
public final class OptionalParameter: StoredTensor {
  /// A parameter that is absent until it is set.
  public init(_ key: String? = nil) { super.init(key: key, isTrainable: true) }

  /// The tensor as the layer sees it.
  public var wrappedValue: Tensor? {
    get { value }
    set { tensor = newValue?.requiringGradient() }
  }

  /// The storage.
  public var projectedValue: StoredTensor { self }
}

/// A tensor that is saved but not trained, such as a running mean.
@propertyWrapper
public final class Buffer: StoredTensor {
  /// A buffer to be set in the module's initialiser.
  public init(_ key: String? = nil) { super.init(key: key, isTrainable: false) }

  /// The tensor.
  public var wrappedValue: Tensor {
    get { required }
    set { tensor = newValue }
  }

  /// The storage.
  public var projectedValue: StoredTensor { self }
}

/// A module inside a module, or several: a module, an array (keys `0`, `1`, …) or a ``NamedModules``.
///
/// An empty key puts the keys of what is inside directly into the parent.
@propertyWrapper
public final class Child<Value> {
  let key: String?
  private var stored: Value?

  /// A child to be set in the module's initialiser.
  public init(_ key: String? = nil) { self.key = key }

  /// The module or modules.
  public var wrappedValue: Value {
    get {
      guard let stored else { Door.fail("the module \(key ?? "") was read before it was set") }
      return stored
    }
    set { stored = newValue }
  }
}

extension Child: AnyChild {
  var members: [(key: String, module: Module)] {
    switch stored {
    case let module as Module: [("", module)]
    case let modules as [Module]: modules.enumerated().map { ("\($0.offset)", $0.element) }
    case let modules as NamedModules: modules.entries.map { ($0.key, $0.module) }
    default: []
    }
  }
}

/// A ``Child`` whatever it holds.
protocol AnyChild {
  var key: String? { get }
  var members: [(key: String, module: Module)] { get }
}

/// Modules under names that are known only at run time, in order.
public struct NamedModules {
  /// Names and modules in the order they were added.
  public private(set) var entries: [(key: String, module: Module)] = []

  /// An empty collection.
  public init() {}

  /// The module of a name; setting one adds or replaces it.
  public subscript(key: String) -> Module? {
    get { entries.first { $0.key == key }?.module }
    set {
      entries.removeAll { $0.key == key && newValue == nil }
      guard let newValue else { return }
      if let index = entries.firstIndex(where: { $0.key == key }) {
        entries[index].module = newValue
      } else {
        entries.append((key, newValue))
      }
    }
  }
}
