import Torch

/// The places of a batch's real steps.
///
/// Encoders compute rows `[N, width]`, one for each real step and none for padding.
struct SequenceLayout {
  let batch: Int
  let length: Int
  /// True for real steps, `[batch, length]`. It is nil if all are real.
  let mask: Tensor?
  /// The numbers of the real steps in the flattened batch, `[N]`. It is nil if all are real.
  let places: Tensor?

  /// The layout of a mask `[batch, length]` of truth values. Without one, all steps are real.
  init(batch: Int, length: Int, mask: Tensor? = nil) {
    let places = mask.map { $0.reshaped(batch * length).nonZero().squeezed(1) }
    let isPadded = places.map { $0.size(0) < batch * length } ?? false
    (self.batch, self.length) = (batch, length)
    (self.mask, self.places) = isPadded ? (mask, places) : (nil, nil)
  }

  /// Takes the rows of `[batch, length, …]`.
  func rows(of x: Tensor) -> Tensor {
    let flat = x.flattened(0, 1)
    return places.map { flat.rows($0) } ?? flat
  }

  /// Puts rows into `[batch, length, width]`. Padding is zero.
  func padded(_ rows: Tensor) -> Tensor {
    let width = rows.size(1)
    guard let places else { return rows.view(batch, length, width) }
    let empty = Tensor.zeros([batch * length, width], dtype: rows.dtype, device: rows.device)
    return empty.replacing([places], with: rows).view(batch, length, width)
  }
}
