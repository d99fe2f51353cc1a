import CTorchInterface

/// Turns operator arguments into C values.
///
/// The elements of all lists go into two scratch arrays. The addresses are filled in at the end, so any number of lists
/// needs no nested scopes.
enum Marshalling {
  static func with<Result>(
    _ arguments: [OperatorArgument], _ body: (UnsafeMutableBufferPointer<ctorch_value>) -> Result
  ) -> Result {
    withUnsafeTemporaryAllocation(of: ctorch_value.self, capacity: arguments.count) { values in
      var words: [Int64] = []
      var handles: [ctorch_tensor?] = []
      for (index, argument) in arguments.enumerated() {
        values[index] = value(of: argument, words: &words, handles: &handles)
      }
      return words.withUnsafeBufferPointer { words in
        handles.withUnsafeBufferPointer { handles in
          for index in values.indices { resolve(&values[index], words: words, handles: handles) }
          return withExtendedLifetime(arguments) { body(values) }
        }
      }
    }
  }

  /// Makes the C value of one argument. A list's value holds its start in the scratch array until `resolve` replaces
  /// it.
  private static func value(
    of argument: OperatorArgument, words: inout [Int64], handles: inout [ctorch_tensor?]
  ) -> ctorch_value {
    var value = ctorch_value()
    func set(_ tag: Int, _ integer: Int64, count: Int = 0) {
      value.tag = Int32(tag)
      value.count = Int32(count)
      value.as.integer = integer
    }
    func list(_ tag: Int, _ elements: some Collection<Int64>) {
      set(tag, Int64(words.count), count: elements.count)
      words.append(contentsOf: elements)
    }
    switch argument {
    case .none, .tensor(nil), .generator(nil), .dtype(nil): set(CTORCH_NONE, 0)
    case .tensor(let tensor?):
      set(CTORCH_TENSOR, 0)
      value.as.tensor = tensor.handle
    case .int(let integer): set(CTORCH_INTEGER, Int64(integer))
    case .double(let real):
      set(CTORCH_REAL, 0)
      value.as.real = real
    case .bool(let boolean): set(CTORCH_BOOLEAN, boolean ? 1 : 0)
    case .string(let string):
      set(CTORCH_STRING, 0)
      value.as.string = UnsafeRawPointer(string.utf8Start).assumingMemoryBound(to: CChar.self)
    case .ints(let integers): list(CTORCH_INTEGERS, integers.lazy.map(Int64.init))
    case .doubles(let reals): list(CTORCH_REALS, reals.lazy.map { Int64(bitPattern: $0.bitPattern) })
    case .bools(let booleans): list(CTORCH_BOOLEANS, booleans.lazy.map { $0 ? 1 : 0 })
    case .tensors(let tensors):
      set(CTORCH_TENSORS, Int64(handles.count), count: tensors.count)
      handles.append(contentsOf: tensors.map(\.handle))
    case .optionalTensors(let tensors):
      set(CTORCH_OPTIONAL_TENSORS, Int64(handles.count), count: tensors.count)
      handles.append(contentsOf: tensors.map { $0?.handle })
    case .generator(let generator?):
      set(CTORCH_GENERATOR, 0)
      value.as.generator = generator.handle
    case .device(let device): set(CTORCH_DEVICE, device.code)
    case .dtype(let dtype?): set(CTORCH_INTEGER, Int64(dtype.rawValue))
    }
    return value
  }

  private static func resolve(
    _ value: inout ctorch_value, words: UnsafeBufferPointer<Int64>, handles: UnsafeBufferPointer<ctorch_tensor?>
  ) {
    switch Int(value.tag) {
    case CTORCH_INTEGERS, CTORCH_BOOLEANS:
      value.as.integers = words.baseAddress.map { $0 + Int(value.as.integer) }
    case CTORCH_REALS:
      value.as.reals = words.baseAddress.map {
        UnsafeRawPointer($0 + Int(value.as.integer)).assumingMemoryBound(to: Double.self)
      }
    case CTORCH_TENSORS, CTORCH_OPTIONAL_TENSORS:
      value.as.tensors = handles.baseAddress.map { $0 + Int(value.as.integer) }
    default: break
    }
  }
}
