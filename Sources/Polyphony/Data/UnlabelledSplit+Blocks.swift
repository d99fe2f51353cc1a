import Torch

/// Work on all samples of a split, piece by piece, so that a file larger than the memory is no obstacle.
extension UnlabelledSplit {
  /// Ranges of samples that hold about four million numbers of a modality each.
  ///
  /// The pages of a mapped file are given back after each of them.
  func blocks(_ modality: Int) -> some Sequence<Range<Int>> {
    var previous: Range<Int>?
    var rest = stored.modalities[modality].blocks[...]
    return AnyIterator {
      if let previous { source?.forget(modality, previous) }
      previous = rest.popFirst()
      return previous
    }
  }

  /// True if every number of a modality is finite.
  func isFinite(_ modality: Int) -> Bool {
    let compute = { holds(modality, \.isFinite) }
    return source?.fact(modality, \.isFinite, compute) ?? compute()
  }

  /// True if every number of a modality is finite or marks a missing cell.
  func isFiniteExceptMissingCells(_ modality: Int) -> Bool {
    let compute = { holds(modality, \.isFiniteExceptMissingCells) }
    return source?.fact(modality, \.isFiniteExceptMissingCells, compute) ?? compute()
  }

  private func holds(_ modality: Int, _ test: (Tensor) -> Bool) -> Bool {
    let x = stored.modalities[modality]
    return blocks(modality).allSatisfy { test(x[$0]) }
  }
}
