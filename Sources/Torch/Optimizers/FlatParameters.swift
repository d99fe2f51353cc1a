/// Parameters in one block of memory, with their gradients in another block.
///
/// An optimiser's step, the gradient norm and zeroing the gradients then take one operator each for any number of
/// parameters. Modules keep their parameters. Each parameter becomes a view into the block under its own key. Its
/// gradient becomes a view into the other block, and backward adds to it in place.
public final class FlatParameters {
  /// The parameters and their keys, in order.
  public let members: [(key: String, storage: StoredTensor)]
  /// The values of all parameters, one-dimensional.
  public let values: Tensor
  /// The gradients of all parameters, one-dimensional.
  public let gradients: Tensor

  /// Copies the parameters into blocks. They must share element type and device, and require gradients.
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
