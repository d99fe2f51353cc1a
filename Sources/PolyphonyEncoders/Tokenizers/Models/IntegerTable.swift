/// A hash table from numbers to numbers with open addressing.
///
/// Tokenizers look up a pair of numbers for every scalar of a text. Swift's dictionary takes several times as long.
struct IntegerTable: Sendable {
  /// No key may have this value.
  private static let free = UInt64.max

  private var keys: [UInt64]
  private var values: [UInt64]
  private var count = 0
  private var mask: Int

  /// Makes an empty table for about so many entries.
  init(capacity: Int = 16) {
    var size = 32
    while size < capacity * 2 { size *= 2 }
    keys = Array(repeating: Self.free, count: size)
    values = Array(repeating: 0, count: size)
    mask = size - 1
  }

  @inline(__always)
  private func slot(of key: UInt64) -> Int {
    var mixed = key &* 0x9E37_79B9_7F4A_7C15
    mixed ^= mixed &>> 32
    return Int(truncatingIfNeeded: mixed) & mask
  }

  /// Returns the value of a key. It is nil if the table lacks it.
  @inline(__always)
  func value(of key: UInt64) -> UInt64? {
    var slot = slot(of: key)
    while true {
      let found = keys[slot]
      if found == key { return values[slot] }
      if found == Self.free { return nil }
      slot = (slot + 1) & mask
    }
  }

  /// Sets the value of a key.
  mutating func set(_ key: UInt64, _ value: UInt64) {
    if count * 2 >= keys.count { grow() }
    var place = slot(of: key)
    while keys[place] != key, keys[place] != Self.free { place = (place + 1) & mask }
    if keys[place] == Self.free { count += 1 }
    keys[place] = key
    values[place] = value
  }

  private mutating func grow() {
    var larger = IntegerTable(capacity: keys.count)
    for (key, value) in zip(keys, values) where key != Self.free { larger.set(key, value) }
    self = larger
  }
}
