import Polyphony

/// The calls by which NumPy describes arrays. The reader calls nothing and makes their results itself.
extension PickleReader {
  mutating func performCall(_ opcode: PickleOpcode) throws(Fault) {
    switch opcode {
    case .global:
      let module = try line()
      try pushGlobal(module, try line())
    case .stack_global:
      let (name, module) = (try pop(), try pop())
      guard case .text(let name) = name, case .text(let module) = module else {
        throw malformed("\(module.kindName) and \(name.kindName)", "a module and a name")
      }
      try pushGlobal(module, name)
    case .reduce:
      let arguments = try pop()
      let function = try pop()
      guard case .global(let global) = function, case .sequence(let tuple) = arguments, tuple.isTuple else {
        throw malformed("\(function.kindName) and \(arguments.kindName)", "a function and its arguments")
      }
      push(try result(of: global, tuple.elements))
    default:
      let state = try pop()
      // PyTorch hangs versions of its modules on a dictionary of weights, which nothing reads.
      if readsTensors, case .dictionary? = stack.last, case .dictionary = state { return }
      guard let target = stack.last, stack.count > marks.last ?? 0, case .sequence(let tuple) = state, tuple.isTuple
      else { throw malformed(state.kindName, "an array or element type, and its state") }
      switch target {
      case .array(let array): try build(array, tuple.elements)
      case .type(let type): try build(type, tuple.elements)
      default: throw malformed(target.kindName, "an array or element type")
      }
      try checkDepth(target)
    }
  }

  private mutating func pushGlobal(_ module: String, _ name: String) throws(Fault) {
    guard let global = PickleGlobal(module: module, name: name, tensors: readsTensors) else {
      throw refusal(
        "the pickle names a class or function that is refused",
        found: "\(module.prefix(100)).\(name.prefix(100)) at byte \(position)",
        expected: "dictionaries, lists, texts, numbers and NumPy arrays",
        remedy: "nothing was run; if you trust the file, save it anew in Python: "
          + ("\(module).".hasPrefix("pandas.")
            ? "pandas.read_pickle('\(file.path.lastPart)').to_csv('table.csv', index=False)"
            : "plain arrays by np.savez('data.npz', text=…)"))
    }
    push(.global(global))
  }

  private mutating func result(of global: PickleGlobal, _ arguments: [PickleValue]) throws(Fault) -> PickleValue {
    switch (global, arguments.count) {
    case (.reconstruct, 3):
      guard case .global(.arrayClass) = arguments[0] else { break }
      return .array(PickledArray())
    case (.type, 1...):
      guard let name = text(arguments[0]) else { break }
      // Structures are `V` with fields in the state. NumPy names native truth values and bytes by one letter.
      guard let type = ElementType(name) else { throw malformed("the element type \(name.prefix(40))", "one of NumPy") }
      return .type(PickledType(type))
    case (.scalar, 2):
      guard case .type(let type) = arguments[0], case .bytes(let bytes) = arguments[1] else { break }
      return try scalar(type.type, bytes)
    case (.fromBuffer, 4):
      guard case .bytes(let bytes) = arguments[0], case .type(let type) = arguments[1],
        let shape = integers(arguments[2]), let order = text(arguments[3]), order == "C" || order == "F"
      else { break }
      return .array(PickledArray(try array(type.type, shape, order == "F", .bytes(bytes))))
    case (.encode, 2):
      guard let encoding = text(arguments[1]), ["latin1", "latin-1"].contains(encoding) else { break }
      return .bytes(try encoded(arguments[0]))
    case (.bytes, 0), (.byteArray, 0): return .bytes(.memory([]))
    case (.byteArray, 1):
      guard case .bytes = arguments[0] else { break }
      return arguments[0]
    case (.byteArray, 2): return .bytes(try encoded(arguments[0]))
    case (.orderedDictionary, 0): return .dictionary(PickleDictionary())
    case (.rebuildTensor, _):
      guard let tensor = tensor(arguments) else { break }
      return .tensor(tensor)
    case (.rebuildParameter, 1...):
      guard case .tensor = arguments[0] else { break }
      return arguments[0]
    default: break
    }
    let kinds = arguments.prefix(6).map(\.kindName).joined(separator: ", ")
    throw malformed("\(global)(\(kinds))", "the arguments that \(readsTensors ? "PyTorch" : "NumPy") writes")
  }

  private func build(_ target: PickledType, _ state: [PickleValue]) throws(Fault) {
    guard !target.isBuilt, state.count >= 8, case .integer = state[0], let order = text(state[1]) else {
      throw malformed("a state of \(state.count) values", "the state of an element type")
    }
    if case .none = state[3] {} else { throw malformed("a structure", "an element type without fields") }
    if case .none = state[2] {} else { throw malformed("an element type with a shape", "an element type without") }
    target.isBuilt = true
    target.type.isBigEndian = order == ">"
  }

  private func build(_ target: PickledArray, _ state: [PickleValue]) throws(Fault) {
    guard !target.isFrozen else { throw selfReference() }
    guard target.array == nil, state.count == 5, let shape = integers(state[1]), case .type(let type) = state[2] else {
      throw malformed("a state of \(state.count) values", "version, shape, element type, order and bytes")
    }
    let isFortran: Bool
    switch state[3] {
    case .bool(let value): isFortran = value
    case .integer(let value): isFortran = value != 0
    default: throw malformed(state[3].kindName, "whether the array is in Fortran's order")
    }
    switch state[4] {
    case .bytes(let bytes): target.fill(try array(type.type, shape, isFortran, .bytes(bytes)))
    case .sequence(let list) where type.type.kind == .object && !list.isTuple:
      target.fill(try array(type.type, shape, isFortran, .objects(list.elements)))
    case .text(let text) where text.unicodeScalars.allSatisfy { $0.value < 256 }:
      // Python 3 writes this form if it read a Python 2 pickle with `encoding='latin1'` and saved it again.
      target.fill(
        try array(type.type, shape, isFortran, .bytes(.memory(text.unicodeScalars.map { UInt8($0.value) }))))
    default: throw malformed(state[4].kindName, "the bytes of an array")
    }
  }

  private func array(
    _ type: ElementType, _ shape: [Int], _ isFortran: Bool, _ content: NumPyArray.Content
  ) throws(Fault) -> NumPyArray {
    guard let array = NumPyArray(type: type, shape: shape, isFortran: isFortran, content: content) else {
      throw malformed("data that does not fit an array", "\(type.name) \(shape.prefix(64))")
    }
    return array
  }

  private func scalar(_ type: ElementType, _ bytes: ByteRange) throws(Fault) -> PickleValue {
    guard bytes.count == type.size, type.kind != .object, type.kind != .other, bytes.count <= Self.longestInMemory
    else {
      throw malformed("\(bytes.count) bytes", "one \(type.name)")
    }
    return try withRawBytes(of: try bytes.bytes()) { (raw) throws(Fault) in
      switch type.kind {
      case .bytes, .text: return .text(type.text(raw, 0))
      case .bool: return .bool(type.double(raw, 0) != 0)
      case .signed, .unsigned:
        let value = type.double(raw, 0)
        return Int(exactly: value).map { .integer($0) } ?? .number(value)
      default: return .number(type.double(raw, 0))
      }
    }
  }

  private mutating func encoded(_ value: PickleValue) throws(Fault) -> ByteRange {
    switch value {
    case .longText(let text):
      try countEncoded(text.range.count)
      return try text.latin1(scratch)
    case .text(let text):
      try countEncoded(text.unicodeScalars.count)
      var bytes: [UInt8] = []
      for scalar in text.unicodeScalars {
        guard let byte = UInt8(exactly: scalar.value) else { throw malformed("a letter above 255", "Latin-1") }
        bytes.append(byte)
      }
      return .memory(bytes)
    default: throw malformed(value.kindName, "a text that stands for bytes")
    }
  }

  private func text(_ value: PickleValue) -> String? {
    switch value {
    case .text(let text): text
    // Python 2 strings are bytes.
    case .bytes(.memory(let bytes)): String(decoding: bytes, as: UTF8.self)
    default: nil
    }
  }

  func integers(_ value: PickleValue) -> [Int]? {
    guard case .sequence(let sequence) = value, sequence.elements.count <= 64 else { return nil }
    var result: [Int] = []
    for case .integer(let integer) in sequence.elements where integer >= 0 { result.append(integer) }
    return result.count == sequence.elements.count ? result : nil
  }
}
