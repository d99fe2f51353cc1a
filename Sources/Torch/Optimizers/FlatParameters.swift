/// Parameters whose values lie in one block of memory, and their gradients in another.
///
/// An optimiser's step, the gradient norm and setting gradients to zero are then one operator each, whatever the
/// number of parameters. Modules keep their parameters: each becomes a view into the block under its own key, and
/// its gradient a view into the other block, into which backward adds in place.
public final class FlatParameters {
  /// The keys and their places, in order.
  public let members: [(key: String, storage: StoredTensor)]
  /// All values, one dimension.
  public let values: Tensor
  /// All gradients, one dimension.
  public let gradients: Tensor

  /// Lays the parameters into blocks; they must share element type and device, and require gradients.
  public init(_ members: [(key: String, storage: StoredTensor)]) {
    self.members = members
    let tensors = members.map { $0.storage.tensor! }
    let kind = tensors.first.map { ($0.dtype, $0.device) } ?? (.float32, .cpu)
    values = noGrad {
      tensors.isEmpty
        ? .empty([0], dtype: kind.0, device: kind.1)
        : Tensor.concatenated(tensors.map { $0.detached().flattened() }).copy()
    }
    gradients = values.zerosLike()
    var start = 0
    for (member, tensor) in zip(members, tensors) {
      let end = start + tensor.count
      let leaf = values.slice(0, start, end).reshaped(to: tensor.shape).detached().requiringGradient()
      leaf.gradient = gradients.slice(0, start, end).reshaped(to: tensor.shape)
      member.storage.tensor = leaf
      start = end
    }
  }

  /// Sets all gradients to zero.
  public func zeroGradients() { gradients.fillInPlace(0) }
}
