import Polyphony

/// The operations for lists, tuples, dictionaries, and the memo of repeated values.
extension PickleReader {
  mutating func performContainer(_ opcode: PickleOpcode) throws(Fault) {
    switch opcode {
    case .empty_list: push(.sequence(PickleSequence()))
    case .list: try pushChecked(.sequence(PickleSequence(list: try popMark())))
    case .append: try extendList([try pop()])
    case .appends: try extendList(try popMark())
    case .empty_tuple: push(.sequence(PickleSequence(tuple: [])))
    case .tuple: try pushChecked(.sequence(PickleSequence(tuple: try popMark())))
    case .tuple1: try pushTuple(1)
    case .tuple2: try pushTuple(2)
    case .tuple3: try pushTuple(3)
    case .empty_dict: push(.dictionary(PickleDictionary()))
    case .dict:
      let items = try popMark()
      push(.dictionary(PickleDictionary()))
      try extendDictionary(items)
    case .setitem:
      let value = try pop()
      try extendDictionary([try pop(), value])
    default: try extendDictionary(try popMark())
    }
  }

  private mutating func pushChecked(_ value: PickleValue) throws(Fault) {
    push(value)
    try checkDepth(value)
  }

  private mutating func pushTuple(_ count: Int) throws(Fault) {
    var elements: [PickleValue] = []
    for _ in 0..<count { elements.append(try pop()) }
    try pushChecked(.sequence(PickleSequence(tuple: elements.reversed())))
  }

  private mutating func extendList(_ values: [PickleValue]) throws(Fault) {
    let target = try pop()
    guard case .sequence(let list) = target, !list.isTuple else { throw malformed(target.kindName, "a list") }
    for value in values { value.freeze() }
    guard !list.isFrozen else { throw selfReference() }
    list.append(values)
    try pushChecked(target)
  }

  private mutating func extendDictionary(_ items: [PickleValue]) throws(Fault) {
    let target = try pop()
    guard case .dictionary(let dictionary) = target else { throw malformed(target.kindName, "a dictionary") }
    guard items.count % 2 == 0 else { throw malformed("\(items.count) values", "keys and values in pairs") }
    for value in items { value.freeze() }
    guard !dictionary.isFrozen else { throw selfReference() }
    for index in stride(from: 0, to: items.count, by: 2) { dictionary.set(items[index], items[index + 1]) }
    try pushChecked(target)
  }

  func selfReference() -> Fault {
    refusal(
      "a container grows after it has become a part of another, or of itself",
      found: opcode.name, expected: "containers that do not contain themselves")
  }

  mutating func performMemo(_ opcode: PickleOpcode) throws(Fault) {
    switch opcode {
    case .get: try recall(try memoNumber())
    case .binget: try recall(Int(try byte()))
    case .long_binget: try recall(try unsigned(4))
    case .put: try remember(try memoNumber())
    case .binput: try remember(Int(try byte()))
    case .long_binput: try remember(try unsigned(4))
    default: try remember(memo.count)
    }
  }

  private mutating func memoNumber() throws(Fault) -> Int {
    let text = try line()
    guard let number = Int(text), number >= 0 else { throw malformed("«\(text.prefix(40))»", "a number of the memo") }
    return number
  }

  private mutating func recall(_ number: Int) throws(Fault) {
    guard let value = memo[number] else { throw malformed("the memo's entry \(number)", "an entry that was made") }
    push(value)
  }

  private mutating func remember(_ number: Int) throws(Fault) {
    guard let top = stack.last, stack.count > marks.last ?? 0 else {
      throw malformed("nothing on the stack", "a value to remember")
    }
    memo[number] = top
    guard memo.count <= limits.memo else {
      throw refusal("the pickle is beyond a limit", found: "more than \(limits.memo) entries", expected: "a small memo")
    }
  }
}
