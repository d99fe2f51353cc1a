extension OrderedJSON {
  /// A value without members, with the path of keys and places that leads to it.
  package struct Leaf: Equatable, Sendable {
    /// The keys and the places in lists, from the outside inwards.
    package var path: [String]
    /// The value: a scalar, an empty list or an empty object.
    package var value: OrderedJSON
  }

  /// All values without members, in the order of the document.
  package var leaves: [Leaf] {
    func inner(_ members: [(String, OrderedJSON)]) -> [Leaf] {
      members.flatMap { key, value in value.leaves.map { Leaf(path: [key] + $0.path, value: $0.value) } }
    }
    switch self {
    case .object(let members) where !members.isEmpty: return inner(members.map { ($0.key, $0.value) })
    case .array(let elements) where !elements.isEmpty: return inner(elements.enumerated().map { ("\($0)", $1) })
    default: return [Leaf(path: [], value: self)]
    }
  }
}
