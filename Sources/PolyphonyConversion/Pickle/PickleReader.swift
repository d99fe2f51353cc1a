import Polyphony

/// A reader of the data in a Python pickle, protocols 0 to 5, without a pickle's power to run code.
///
/// Python's `pickle.load` calls any function that the file names. This reader accepts lists, tuples, dictionaries,
/// texts, bytes, numbers and NumPy arrays (`PickleGlobal`). It refuses every other class or operation with its name and
/// its place in the file. It keeps only the place of long byte strings, and their users read the numbers there.
///
/// Formats: `Lib/pickletools.py` of CPython, and NEP 1 and `ndarray.__reduce__` of NumPy.
struct PickleReader {
  /// The size beyond which byte strings stay in the file.
  static let longestInMemory = 1 << 16

  let file: RandomAccessFile
  let scratch: ScratchFile
  let limits: PickleLimits
  /// True if the pickle may describe tensors of PyTorch.
  let readsTensors: Bool
  var cursor: ByteCursor
  var stack: [PickleValue] = []
  var marks: [Int] = []
  var memo: [Int: PickleValue] = [:]
  /// The position of the current operation.
  var position = 0
  var opcode = PickleOpcode.stop
  private var operations = 0
  private var heldBytes = 0
  private var encodedBytes = 0
  private var frameEnd = 0

  /// Makes a reader at the beginning of a file.
  /// - Parameters:
  ///   - range: The place of the pickle, by default the whole file.
  ///   - scratch: The file for content that must be decoded before random access.
  ///   - readsTensors: Allows the names by which PyTorch describes tensors.
  init(
    _ file: RandomAccessFile, _ range: Range<Int>? = nil, scratch: ScratchFile, limits: PickleLimits = PickleLimits(),
    readsTensors: Bool = false
  ) {
    (self.file, self.scratch, self.limits, cursor) = (file, scratch, limits, ByteCursor(file, range))
    self.readsTensors = readsTensors
  }

  /// Reads the pickle's value.
  /// - Throws: `Fault(.badData)` with operation and position for a part that is broken, refused, or beyond the limits.
  mutating func read() throws(Fault) -> PickleValue {
    let value = try readFirst()
    guard cursor.remaining == 0 else {
      throw refusal(
        "bytes stand behind the pickle", found: "\(cursor.remaining) bytes", expected: "one pickle in the file")
    }
    return value
  }

  /// Reads the value of a pickle that others may follow. The cursor then stands behind it.
  /// - Throws: The errors of `read()`.
  mutating func readFirst() throws(Fault) -> PickleValue {
    while true {
      position = cursor.position
      let byte = try byte()
      guard let opcode = PickleOpcode(rawValue: byte) else {
        throw refusal("there is no such pickle operation", found: "the byte \(byte)", expected: "a pickle")
      }
      self.opcode = opcode
      operations += 1
      guard operations <= limits.operations else { throw limit("operations", limits.operations) }
      if opcode == .stop { break }
      try perform(opcode)
    }
    guard stack.count == 1, marks.isEmpty, let value = stack.first else {
      throw refusal("the pickle leaves no single value", found: "\(stack.count) values", expected: "1")
    }
    return value
  }

  private mutating func perform(_ opcode: PickleOpcode) throws(Fault) {
    switch opcode {
    case .proto, .frame, .mark, .pop, .pop_mark, .dup, .stop: try performStructure(opcode)
    case .none: push(.none)
    case .newtrue: push(.bool(true))
    case .newfalse: push(.bool(false))
    case .int, .long, .float, .binint, .binint1, .binint2, .long1, .long4, .binfloat: try performNumber(opcode)
    case .string, .binstring, .short_binstring, .binbytes, .short_binbytes, .binbytes8, .bytearray8, .unicode,
      .short_binunicode, .binunicode, .binunicode8:
      try performText(opcode)
    case .empty_list, .list, .append, .appends, .empty_tuple, .tuple, .tuple1, .tuple2, .tuple3, .empty_dict, .dict,
      .setitem, .setitems:
      try performContainer(opcode)
    case .get, .binget, .long_binget, .put, .binput, .long_binput, .memoize: try performMemo(opcode)
    case .global, .stack_global, .reduce, .build: try performCall(opcode)
    case .binpersid where readsTensors: try performStorage()
    case .persid, .binpersid, .inst, .obj, .newobj, .newobj_ex, .ext1, .ext2, .ext4, .empty_set, .additems, .frozenset,
      .next_buffer, .readonly_buffer:
      throw refusal(
        "the pickle asks for an operation that is refused", found: "\(opcode.name) at byte \(position)",
        expected: "dictionaries, lists, texts, numbers and NumPy arrays",
        remedy: "save plain arrays in Python: np.savez('data.npz', text=…, audio=…)")
    }
  }

  private mutating func performStructure(_ opcode: PickleOpcode) throws(Fault) {
    switch opcode {
    case .proto:
      let version = try byte()
      guard version <= 5 else {
        throw refusal("the pickle's protocol is unknown", found: "\(version)", expected: "0 to 5")
      }
    case .frame:
      let length = try unsigned(8)
      guard position >= frameEnd, length <= cursor.remaining else {
        throw refusal(
          "a frame reaches beyond the file or into another", found: "\(length) bytes",
          expected: "at most \(cursor.remaining)")
      }
      frameEnd = cursor.position + length
    case .mark: marks.append(stack.count)
    case .pop:
      // Python removes a mark if one is on top.
      if let mark = marks.last, mark == stack.count { marks.removeLast() } else { _ = try pop() }
    case .pop_mark: _ = try popMark()
    default:
      let top = try pop()
      push(top)
      push(top)
    }
  }

  // MARK: - Bytes

  mutating func byte() throws(Fault) -> UInt8 {
    guard let byte = try cursor.next() else { throw truncated() }
    return byte
  }

  mutating func bytes(_ count: Int) throws(Fault) -> [UInt8] {
    guard let bytes = try cursor.next(count) else { throw truncated(count) }
    return bytes
  }

  /// Reads a little-endian number without sign. One beyond 2⁶³ is more than any file holds.
  mutating func unsigned(_ width: Int) throws(Fault) -> Int {
    let value = try bytes(width).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let value = Int(exactly: value) else { throw truncated(.max) }
    return value
  }

  /// Reads the rest of a line.
  mutating func line() throws(Fault) -> String {
    var bytes: [UInt8] = []
    while true {
      let byte = try byte()
      if byte == UInt8(ascii: "\n") { break }
      bytes.append(byte)
      guard bytes.count <= limits.lineLength else { throw limit("letters in a line", limits.lineLength) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Counts bytes that stay in memory.
  mutating func hold(_ count: Int) throws(Fault) {
    heldBytes += count
    guard heldBytes <= limits.heldBytes else { throw limit("bytes of short texts", limits.heldBytes) }
  }

  /// Counts texts that become bytes. Each is in the file once, but the pickle could name it again and again.
  mutating func countEncoded(_ count: Int) throws(Fault) {
    encodedBytes += count
    guard encodedBytes <= file.size else { throw limit("bytes made of texts", file.size) }
  }

  // MARK: - Stack

  mutating func push(_ value: PickleValue) { stack.append(value) }

  mutating func pop() throws(Fault) -> PickleValue {
    guard stack.count > marks.last ?? 0, let value = stack.popLast() else { throw underflow() }
    return value
  }

  mutating func popMark() throws(Fault) -> [PickleValue] {
    guard let mark = marks.popLast(), mark <= stack.count else { throw underflow() }
    let values = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return values
  }

  /// Refuses a container that is nested too deep.
  func checkDepth(_ value: PickleValue) throws(Fault) {
    guard value.depth <= limits.depth else { throw limit("nested containers", limits.depth) }
  }

  // MARK: - Faults

  func refusal(_ problem: String, found: String, expected: String, remedy: String? = nil) -> Fault {
    Fault(
      .badData, problem, file: file.path, key: "byte \(position)", found: found, expected: expected, remedy: remedy)
  }

  func malformed(_ found: String, _ expected: String) -> Fault {
    refusal("a pickle operation has the wrong operands", found: "\(found) for \(opcode.name)", expected: expected)
  }

  private func truncated(_ count: Int = 1) -> Fault {
    refusal(
      "the pickle is cut off", found: "\(opcode.name) wants \(count == .max ? "2⁶³" : "\(count)") more bytes",
      expected: "at most \(cursor.remaining)", remedy: "copy or download the file again")
  }

  private func underflow() -> Fault { malformed("too few values", "values on the stack") }

  private func limit(_ what: String, _ most: Int) -> Fault {
    refusal(
      "the pickle is beyond a limit", found: "more than \(most) \(what)", expected: "at most \(most)",
      remedy: "keep numbers in NumPy arrays, and save plain ones: np.savez('data.npz', text=…, audio=…)")
  }
}
