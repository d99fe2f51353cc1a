/// The storage behind a property wrapper of a ``Module``: a tensor, its key and an optional reparametrization.
public class StoredTensor {
  /// The key in the state dict. If it is nil, the property's name is the key.
  let key: String?
  /// True if the tensor is trained. A buffer is only saved.
  public let isTrainable: Bool
  /// The stored tensor. Replacing it keeps the key.
  public var tensor: Tensor?
  /// A function of the stored tensor whose result the property returns, such as a low-rank update (LoRA).
  ///
  /// The layer uses the function's result. The state dict and optimisers use the stored tensor.
  public var reparametrization: ((Tensor) -> Tensor)?

  init(key: String?, isTrainable: Bool) {
    self.key = key
    self.isTrainable = isTrainable
  }

  /// Appends `change` to the tensor's reparametrization. The layers then see `change` of the earlier reparametrization.
  package func reparametrize(_ change: @escaping (Tensor) -> Tensor) {
    let before = reparametrization
    reparametrization = { change(before?($0) ?? $0) }
  }

  /// The tensor as the layers see it, without gradients. The tensor must be there.
  package var effective: Tensor { noGrad { required.detached() } }

  var value: Tensor? {
    guard let tensor else { return nil }
    return reparametrization?(tensor) ?? tensor
  }

  var required: Tensor {
    guard let value else { Door.fail("the parameter \(key ?? "") was read before it was set") }
    return value
  }
}

/// A trained tensor of a module.
///
/// The argument is the checkpoint key if that differs from the property's name. A tensor assigned to the property gets
/// gradients.
///
/// ```swift
/// final class Scale: Module {
///   @Parameter("gamma") var scale: Tensor
///   init(_ width: Int) {
///     super.init()
///     scale = .ones([width])
///   }
///   func callAsFunction(_ x: Tensor) -> Tensor { x * scale }
/// }
/// ```
@propertyWrapper
public final class Parameter: StoredTensor {
  /// Declares a parameter. The module's initialiser assigns its tensor.
  public init(_ key: String? = nil) { super.init(key: key, isTrainable: true) }

  /// The tensor that the layer uses, after any reparametrization.
  public var wrappedValue: Tensor {
    get { required }
    set { tensor = newValue.requiringGradient() }
  }

  /// The storage of the parameter.
  public var projectedValue: StoredTensor { self }
}

/// A trained tensor that a module may lack, such as a bias.
@propertyWrapper
public final class OptionalParameter: StoredTensor {
  /// Declares a parameter that is absent until a tensor is assigned.
  public init(_ key: String? = nil) { super.init(key: key, isTrainable: true) }

  /// The tensor that the layer uses, after any reparametrization.
  public var wrappedValue: Tensor? {
    get { value }
    set { tensor = newValue?.requiringGradient() }
  }

  /// The storage of the parameter.
  public var projectedValue: StoredTensor { self }
}

/// A tensor that is saved but not trained, such as a running mean.
@propertyWrapper
public final class Buffer: StoredTensor {
  /// Declares a buffer. The module's initialiser assigns its tensor.
  public init(_ key: String? = nil) { super.init(key: key, isTrainable: false) }

  /// The buffer's tensor.
  public var wrappedValue: Tensor {
    get { required }
    set { tensor = newValue }
  }

  /// The storage of the buffer.
  public var projectedValue: StoredTensor { self }
}

/// One or several modules inside a module: a module, an array (keys `0`, `1`, …) or a ``NamedModules``.
///
/// With an empty key, the inner keys go directly into the parent.
@propertyWrapper
public final class Child<Value> {
  let key: String?
  private var stored: Value?

  /// Declares a child. The module's initialiser assigns it.
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

/// A ``Child`` of any type.
protocol AnyChild {
  var key: String? { get }
  var members: [(key: String, module: Module)] { get }
}

/// Modules in order under names that are known only at run time.
public struct NamedModules {
  /// Names and modules in the order they were added.
  public private(set) var entries: [(key: String, module: Module)] = []

  /// Makes an empty collection.
  public init() {}

  /// The module with a name. Assigning one adds or replaces it, and nil removes it.
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
