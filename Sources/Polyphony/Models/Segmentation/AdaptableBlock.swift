import Torch

/// A block of convolutions whose output a tuning method can change.
///
/// The change gets the block's map `[B, channels, …]` and returns a map of the same shape, which the next block reads.
public protocol AdaptableBlock: Module {
  /// The channels of the output.
  var channels: Int { get }
  /// The change of the tuning methods. Nil without one.
  var change: ((Tensor) -> Tensor)? { get set }
}

extension AdaptableBlock {
  /// Adds a change that acts after the present one.
  public func append(_ change: @escaping (Tensor) -> Tensor) {
    let before = self.change
    self.change = { change(before?($0) ?? $0) }
  }

  /// The output after the change, if there is one.
  func changed(_ output: Tensor) -> Tensor { change?(output) ?? output }
}

extension Module {
  /// Every adaptable block of convolutions in this module with its key, in the order of keys.
  public func convolutionBlocks() -> [(key: String, block: any AdaptableBlock)] {
    modules((any AdaptableBlock).self).map { ($0.key, $0.module) }
  }
}
