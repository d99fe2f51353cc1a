import Torch

extension UnlabelledSplit {
  /// The slices of a volume in which some modality has a voxel that is not 0.
  package func occupiedSlices(_ sample: Int) -> [Int] {
    let counts = stored.modalities.map { volumes in
      (.!(volumes[sample] .== 0)).to(.int64).transposed(0, 1).flattened(1).sum(1).integers
    }
    return (counts.first ?? []).indices.filter { slice in counts.contains { $0[slice] > 0 } }
  }
}
