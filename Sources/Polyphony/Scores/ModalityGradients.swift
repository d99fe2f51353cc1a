import Torch

/// The gradients that the modalities' own parameters get from the task's loss.
///
/// g_m = mean over batches of ‖∂L/∂θ_m‖ / √|θ_m|, where θ_m are the trainable parameters of modality m's projection and
/// encoder (``Backbone/encoderPrefixes(_:)``). Batches have 64 samples, dropout is off. A modality that learns slowly or
/// has stopped learning has a small g_m.
enum ModalityGradients {
  /// g_m of each modality, in the model's order; nil for a modality without trainable parameters of its own.
  static func measure(_ model: MultimodalModel, _ split: LabelledSplit, device: Device = .cpu) -> [Double?] {
    let backbone = model.backbone
    let own = model.configuration.modalities.indices.map { index in
      let prefixes = backbone.encoderPrefixes(index)
      return backbone.trainableParameters().filter { entry in prefixes.contains { entry.key.hasPrefix($0) } }
        .compactMap(\.storage.tensor)
    }
    guard own.contains(where: { !$0.isEmpty }) else { return own.map { _ in nil } }
    let loss = TaskLoss(model.configuration.task)
    var sums = own.map { _ in 0.0 }
    let batches = BatchSampler(count: split.count, batchSize: 64, seed: nil).epoch(0)
    model.evaluating {
      for indices in batches {
        let batch = split.batch(indices).to(device)
        let gradients = loss(model(batch.inputs).prediction, batch.target).gradients(with: own.flatMap(\.self))
        var next = 0
        for (index, tensors) in own.enumerated() {
          let squares = gradients[next..<(next + tensors.count)].reduce(0.0) {
            $0 + ($1?.squared().sum().item ?? 0)
          }
          sums[index] += squares.squareRoot()
          next += tensors.count
        }
      }
    }
    return zip(sums, own).map { sum, tensors in
      let count = tensors.reduce(0) { $0 + $1.count }
      return count == 0 ? nil : sum / Double(batches.count) / Double(count).squareRoot()
    }
  }
}
