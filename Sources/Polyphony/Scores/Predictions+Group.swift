import Torch

extension MultimodalModel {
  /// The predictions of all samples of a split, computed by the processes of a group in turn, batch by batch.
  ///
  /// Every process gets all of them in the order of the samples: each adds its own to zeros. They have the bits of one
  /// process, because the batches are the same.
  /// - Parameter indices: the samples; nil for all.
  func predictions(
    of samples: UnlabelledSplit, at indices: [Int]? = nil, by group: ProcessGroup, batchSize: Int = 256, device: Device,
    prepare: (Inputs, [Int]) -> Inputs = { inputs, _ in inputs }
  ) throws(Fault) -> Tensor {
    let count = indices?.count ?? samples.count
    let batches = SlidingWindows.passes(batchSize, over: samples, at: indices, for: configuration)
    let own = Array(stride(from: group.rank, to: batches.count, by: group.size))
    guard !batches.isEmpty else { return .zeros([0]) }
    var whole: Tensor?
    evaluating {
      noGrad {
        // A process without a batch computes the first one to learn the form of a prediction.
        for number in own.isEmpty ? [0] : own {
          let rows = batches[number]
          let prediction = self(prepare(samples.rows(rows), rows).to(device)).prediction.to(.cpu)
          let all = whole ?? .zeros([count] + prediction.shape.dropFirst(), dtype: prediction.dtype)
          // All batches but the last one have the size of the first.
          let start = number * batches[0].count
          if !own.isEmpty { all[start..<start + rows.count].copyInPlace(from: prediction) }
          whole = all
        }
      }
    }
    guard let whole else { return .zeros([0]) }
    try group.sum(whole)
    return whole
  }
}
