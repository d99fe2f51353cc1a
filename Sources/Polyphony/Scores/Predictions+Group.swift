import Torch

extension MultimodalModel {
  /// The predictions of all samples of a split, computed by the processes of a group in turn, batch by batch.
  ///
  /// Every process gets all of them in the order of the samples: each adds its own to zeros. They have the bits of one
  /// process, because the batches are the same.
  func predictions(
    of samples: UnlabelledSplit, by group: ProcessGroup, batchSize: Int, device: Device,
    prepare: (Inputs, [Int]) -> Inputs
  ) throws(Fault) -> Tensor {
    let batches = SlidingWindows.passes(batchSize, over: samples, for: configuration)
    let own = Array(stride(from: group.rank, to: batches.count, by: group.size))
    var whole: Tensor?
    evaluating {
      noGrad {
        // A process without a batch computes the first one to learn the form of a prediction.
        for number in own.isEmpty ? [0] : own {
          let rows = batches[number]
          let prediction = self(prepare(samples.rows(rows), rows).to(device)).prediction.to(.cpu)
          let all = whole ?? .zeros([samples.count] + prediction.shape.dropFirst(), dtype: prediction.dtype)
          if !own.isEmpty { all[rows[0]..<rows[0] + rows.count].copyInPlace(from: prediction) }
          whole = all
        }
      }
    }
    guard let whole else { return .zeros([0]) }
    try group.sum(whole)
    return whole
  }
}
