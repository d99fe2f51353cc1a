/// The symbols of a word as a linked list, while pairs are joined.
struct MergedSymbols {
  private struct Symbol {
    var token: Int
    var previous: Int
    var next: Int
    var isRemoved = false
  }

  /// A pair that may be joined. The heap gives the pair of the lowest rank, and of equal ones the first in the word.
  private struct Candidate: Comparable {
    /// The rank, and below it the place.
    let order: UInt64
    let token: Int

    var place: Int { Int(order & 0xFFFF_FFFF) }
    static func < (left: Candidate, right: Candidate) -> Bool { left.order < right.order }
  }

  private var symbols: [Symbol] = []

  init(capacity: Int) { symbols.reserveCapacity(capacity) }

  mutating func append(_ token: Int) {
    let count = symbols.count
    if count > 0 { symbols[count - 1].next = count }
    symbols.append(Symbol(token: token, previous: count - 1, next: -1))
  }

  private func candidate(_ left: Int, _ right: Int, _ merges: IntegerTable) -> Candidate? {
    merges.value(of: UInt64(symbols[left].token) << 32 | UInt64(symbols[right].token)).map { merge in
      Candidate(order: merge & ~0xFFFF_FFFF | UInt64(left), token: Int(merge & 0xFFFF_FFFF))
    }
  }

  /// Joins pairs until no merge is left.
  mutating func merge(by merges: IntegerTable) {
    var queue = MinimumHeap<Candidate>()
    for left in symbols.indices.dropLast() {
      if let pair = candidate(left, left + 1, merges) { queue.insert(pair) }
    }
    while let top = queue.removeFirst() {
      let place = top.place
      let next = symbols[place].next
      guard !symbols[place].isRemoved, next >= 0, candidate(place, next, merges)?.token == top.token else { continue }
      symbols[place].token = top.token
      symbols[place].next = symbols[next].next
      symbols[next].isRemoved = true
      if symbols[place].next >= 0 { symbols[symbols[place].next].previous = place }
      if symbols[place].previous >= 0, let pair = candidate(symbols[place].previous, place, merges) {
        queue.insert(pair)
      }
      if symbols[place].next >= 0, let pair = candidate(place, symbols[place].next, merges) { queue.insert(pair) }
    }
  }

  func forEach(_ body: (Int) -> Void) {
    for symbol in symbols where !symbol.isRemoved { body(symbol.token) }
  }
}

/// A queue that gives its least element first.
private struct MinimumHeap<Element: Comparable> {
  private var elements: [Element] = []

  mutating func insert(_ element: Element) {
    var place = elements.count
    elements.append(element)
    while place > 0, element < elements[(place - 1) / 2] {
      elements.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  mutating func removeFirst() -> Element? {
    guard let last = elements.popLast() else { return nil }
    guard let first = elements.first else { return last }
    var place = 0
    elements[0] = last
    while case let left = 2 * place + 1, left < elements.count {
      let right = left + 1
      let least = right < elements.count && elements[right] < elements[left] ? right : left
      guard elements[least] < last else { break }
      elements.swapAt(place, least)
      place = least
    }
    return first
  }
}
