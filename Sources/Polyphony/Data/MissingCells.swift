import Torch

/// Missing cells: single numbers that the data do not have. They are NaN until a model fills them.
///
/// A modality says with ``Modality/missingCells`` that it may have some. Padding and absent modalities are other things:
/// `<modality>.length` and `presence` mark those.
extension Tensor {
  /// True where a cell is missing, in the shape of the tensor.
  var isMissingCell: Tensor { .!(self .== self) }

  /// Returns true if every element is a finite number or a missing cell.
  var isFiniteExceptMissingCells: Bool {
    rank == 0
      ? filled(0, where: isMissingCell).isFinite
      : blocks.allSatisfy { range in
        let part = self[range]
        return part.filled(0, where: part.isMissingCell).isFinite
      }
  }

  /// Puts one number per feature, or per channel of an image, in place of missing cells.
  func fillingMissingCells(_ values: [Float], _ kind: Modality.Kind) -> Tensor {
    let fill = Tensor(values).to(device).to(dtype).reshaped(to: kind.featureShape)
    return fill.selected(where: isMissingCell, otherwise: self)
  }
}
