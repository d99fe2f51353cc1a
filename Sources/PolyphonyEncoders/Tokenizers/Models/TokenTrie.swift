/// The tokens of a vocabulary as a tree of scalars.
///
/// A walk from the root along a text passes every token that the text begins with.
struct TokenTrie: Sendable {
  /// A place in the tree.
  typealias Node = Int
  static let root: Node = 0

  /// The child of a node and a scalar, by `node << 21 | scalar`.
  private var children: IntegerTable
  /// The token that ends in a node, -1 for none.
  private var tokens: [Int32] = [-1]

  /// Makes an empty tree for tokens of so many scalars altogether.
  init(capacity: Int = 0) { children = IntegerTable(capacity: capacity) }

  /// Adds a token. A later token of the same text replaces an earlier one.
  mutating func insert(_ token: some Sequence<Unicode.Scalar>, _ id: Int) {
    var node = Self.root
    for scalar in token {
      let key = Self.key(node, scalar)
      if let child = children.value(of: key) {
        node = Node(child)
      } else {
        children.set(key, UInt64(tokens.count))
        node = tokens.count
        tokens.append(-1)
      }
    }
    tokens[node] = Int32(id)
  }

  @inline(__always)
  private static func key(_ node: Node, _ scalar: Unicode.Scalar) -> UInt64 {
    UInt64(truncatingIfNeeded: node) << 21 | UInt64(scalar.value)
  }

  /// Steps to the child of a node. It is nil if no token goes on with the scalar.
  @inline(__always)
  func child(of node: Node, _ scalar: Unicode.Scalar) -> Node? {
    children.value(of: Self.key(node, scalar)).map { Node(truncatingIfNeeded: $0) }
  }

  /// Returns the token that ends in a node.
  @inline(__always)
  func token(at node: Node) -> Int? {
    let id = tokens[node]
    return id < 0 ? nil : Int(id)
  }

  /// Steps along several scalars.
  func node(after scalars: some Sequence<Unicode.Scalar>, from start: Node = root) -> Node? {
    var node = start
    for scalar in scalars {
      guard let child = child(of: node, scalar) else { return nil }
      node = child
    }
    return node
  }

  /// Returns the token of exactly this text.
  func token(_ text: some Sequence<Unicode.Scalar>) -> Int? { node(after: text).flatMap { token(at: $0) } }
}
