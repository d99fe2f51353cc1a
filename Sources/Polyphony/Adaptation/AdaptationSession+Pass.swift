import Torch

/// One process's rows of a pass of the model, whose rows the processes of a group have divided.
struct DividedPass {
  /// The rows of this process with their graph; nil where a batch has fewer rows than there are processes.
  let own: Tensor?
  /// The places of these rows.
  let rows: Range<Int>
  /// The rows of all processes, a leaf of the graph from which the method computes its loss.
  let whole: Tensor
}

extension AdaptationSession {
  /// Passes inputs through the model, and returns one output of all samples with its graph.
  ///
  /// In a group of processes, each passes neighbouring samples through the model. The group sums their rows Y, each in zeros
  /// elsewhere, and every process has the rows of the whole batch. So a method writes any loss L(Y) of a batch, also one
  /// that compares samples with each other. Its gradient is Σ_k ∂L/∂Y_k ∂Y_k/∂θ over the processes k. Dropout belongs to
  /// the place of a sample in `inputs`, and does not depend on the division.
  ///
  /// ```swift
  /// let logits = try session.pass(batch.inputs) { $0.prediction }
  /// let loss = try session.update(-logits.logSoftmax(1).maximum(1).mean())
  /// ```
  /// - Parameters:
  ///   - inputs: the samples, the same in all processes.
  ///   - output: chooses the output, with one row for each sample.
  /// - Throws: `Fault(.failure)` if a process of the group has gone.
  public func pass(_ inputs: Inputs, _ output: (MultimodalModel.Output) -> Tensor) throws(Fault) -> Tensor {
    try pass(inputs, isRecorded: true, output)
  }

  /// - Parameter isRecorded: false for an output without its graph.
  func pass(
    _ inputs: Inputs, isRecorded: Bool, _ output: (MultimodalModel.Output) -> Tensor
  ) throws(Fault) -> Tensor {
    func computed(_ inputs: Inputs) -> Tensor {
      isRecorded ? output(model(inputs)) : noGrad { output(model(inputs)) }
    }
    guard let processes = division.group else { return computed(inputs) }
    let (rows, share) = division.parts(of: inputs.count)[0]
    let random = RandomPlace(isShared: false)
    random.begin(BatchPart(first: rows.lowerBound, count: rows.count, of: inputs.count))
    let own = computed(inputs.rows(Tensor(Array(rows))))
    random.end()
    let whole = Tensor.zeros([inputs.count] + own.shape.dropFirst(), dtype: own.dtype)
    if share > 0 { noGrad { whole[rows].copyInPlace(from: own) } }
    try processes.sum(whole)
    guard own.requiresGradient else { return whole }
    passes.append(DividedPass(own: share > 0 ? own : nil, rows: rows, whole: whole.requiringGradient()))
    return whole
  }

  /// Sends the gradient of the loss with respect to each divided pass through the rows of this process, and sums the
  /// gradients of the parameters over all processes.
  func sumGradients() throws(Fault) {
    guard let processes = division.group else { return }
    for pass in passes {
      if let own = pass.own, let gradient = pass.whole.gradient { own.backward(gradient[pass.rows]) }
    }
    passes = []
    let gradients = group.parameters.gradients
    if gradients.count > 0 { try processes.sum(gradients) }
  }
}
