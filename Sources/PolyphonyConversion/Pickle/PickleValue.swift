import Polyphony

/// A Python value from a pickle, as pure data without behaviour.
enum PickleValue {
  case none
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  /// A text too long for memory. It can only be the written form of bytes (protocols 0 to 2).
  case longText(PickleText)
  case bytes(ByteRange)
  /// A list or tuple.
  case sequence(PickleSequence)
  case dictionary(PickleDictionary)
  case array(PickledArray)
  case type(PickledType)
  /// A storage of PyTorch.
  case storage(PickledStorage)
  /// A view of a storage.
  case tensor(PickledTensor)
  /// One of the names in `PickleGlobal`, not yet called.
  case global(PickleGlobal)

  /// The kind of the value in the words of an error message.
  var kindName: String {
    switch self {
    case .none: "None"
    case .bool: "a boolean"
    case .integer: "an integer"
    case .number: "a number"
    case .text, .longText: "a text"
    case .bytes: "bytes"
    case .sequence(let sequence): sequence.isTuple ? "a tuple" : "a list"
    case .dictionary: "a dictionary"
    case .array: "an array"
    case .type: "an element type"
    case .storage: "a storage"
    case .tensor: "a tensor"
    case .global: "a function"
    }
  }

  /// The number of nested containers in this value.
  var depth: Int {
    switch self {
    case .sequence(let sequence): sequence.depth
    case .dictionary(let dictionary): dictionary.depth
    case .array(let array): array.depth
    default: 0
    }
  }

  /// Freezes the value, which is now part of another one.
  func freeze() {
    switch self {
    case .sequence(let sequence): sequence.isFrozen = true
    case .dictionary(let dictionary): dictionary.isFrozen = true
    case .array(let array): array.isFrozen = true
    default: break
    }
  }
}

/// A list or tuple.
///
/// A value that has become part of another one is frozen. So no value can contain itself, the depth is known while a
/// value grows, and freeing it recurses no deeper than that.
final class PickleSequence {
  let isTuple: Bool
  fileprivate(set) var elements: [PickleValue]
  fileprivate(set) var depth = 1
  fileprivate(set) var isFrozen = false

  init(tuple elements: [PickleValue]) {
    isTuple = true
    self.elements = []
    append(elements)
    isFrozen = true
  }

  init(list elements: [PickleValue] = []) {
    isTuple = false
    self.elements = []
    append(elements)
  }

  func append(_ more: [PickleValue]) {
    for value in more {
      value.freeze()
      depth = max(depth, value.depth + 1)
    }
    elements.append(contentsOf: more)
  }
}

/// A dictionary in the order of insertion.
final class PickleDictionary {
  fileprivate(set) var items: [(key: PickleValue, value: PickleValue)] = []
  fileprivate(set) var depth = 1
  fileprivate(set) var isFrozen = false

  func set(_ key: PickleValue, _ value: PickleValue) {
    key.freeze()
    value.freeze()
    depth = max(depth, key.depth + 1, value.depth + 1)
    items.append((key, value))
  }

  /// The values of text keys. A later value replaces an earlier one of the same key.
  var byName: [(name: String, value: PickleValue)] {
    var names: [String: Int] = [:]
    var result: [(name: String, value: PickleValue)] = []
    for item in items {
      let name: String
      switch item.key {
      case .text(let text): name = text
      case .bytes(.memory(let bytes)): name = String(decoding: bytes, as: UTF8.self)
      default: continue
      }
      if let index = names[name] {
        result[index].value = item.value
      } else {
        names[name] = result.count
        result.append((name, item.value))
      }
    }
    return result
  }
}

/// A NumPy array, described by a pickle now or soon.
final class PickledArray {
  /// The array. It is nil until its state has been read.
  private(set) var array: NumPyArray?
  private(set) var depth = 1
  fileprivate(set) var isFrozen = false

  init(_ array: NumPyArray? = nil) { self.array = array }

  /// Sets the array's content, once.
  func fill(_ array: NumPyArray) {
    if case .objects(let values) = array.content {
      for value in values {
        value.freeze()
        depth = max(depth, value.depth + 1)
      }
    }
    self.array = array
  }
}

/// A NumPy element type. Its byte order follows its name.
final class PickledType {
  var type: ElementType
  var isBuilt = false
  init(_ type: ElementType) { self.type = type }
}
