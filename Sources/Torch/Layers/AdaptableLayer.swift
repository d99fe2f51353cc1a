/// A matrix of a transformer layer.
public enum LayerMatrix: String, Sendable, CaseIterable {
  /// The projection of queries.
  case q
  /// The projection of keys.
  case k
  /// The projection of values.
  case v
  /// The projection after the heads.
  case out
  /// The first layer of the feed-forward part.
  case fc1
  /// The second layer of the feed-forward part.
  case fc2
}

/// A transformer layer whose matrices and states a tuning method can change, whatever the form of the layer.
public protocol AdaptableLayer: Module {
  /// A function of a stored tensor, whose result the layer uses.
  typealias Change = (Tensor) -> Tensor

  /// The features per step.
  var width: Int { get }
  /// The changes of a tuning method, if any.
  var adapter: (any EncoderLayerAdapter)? { get set }

  /// Returns the columns and rows of a matrix.
  func sizes(of matrix: LayerMatrix) -> (inputs: Int, outputs: Int)

  /// Changes the weights of some matrices, `[outputs, inputs]`, and their biases, `[outputs]`, after the changes before.
  func reparametrize(weights: [LayerMatrix: Change], biases: [LayerMatrix: Change])
}

extension AdaptableLayer {
  /// Adds an adapter that acts after the layer's present adapter, if there is one.
  public func append(_ adapter: any EncoderLayerAdapter) {
    self.adapter = self.adapter.map { AdapterChain($0, adapter) } ?? adapter
  }
}

extension TransformerEncoderLayer: AdaptableLayer {
  /// The features per step.
  public var width: Int { fc1.weight.size(1) }

  /// Returns the columns and rows of a matrix.
  public func sizes(of matrix: LayerMatrix) -> (inputs: Int, outputs: Int) {
    switch matrix {
    case .q, .k, .v, .out: (width, width)
    case .fc1: (width, fc1.weight.size(0))
    case .fc2: (fc1.weight.size(0), width)
    }
  }

  /// Changes the weights and biases of some matrices. Those of queries, keys and values are rows of one tensor.
  public func reparametrize(weights: [LayerMatrix: Change], biases: [LayerMatrix: Change] = [:]) {
    for (storage, changes) in [(attention.$inWeight, weights), (attention.$inBias, biases)] {
      let parts = [LayerMatrix.q, .k, .v].map { changes[$0] }
      guard parts.contains(where: { $0 != nil }) else { continue }
      storage.reparametrize { joined in
        let rows = joined.size(0) / parts.count
        return .concatenated(zip(joined.split(parts.map { _ in rows }), parts).map { $1?($0) ?? $0 })
      }
    }
    for (matrix, linear) in [(LayerMatrix.out, attention.outProjection), (.fc1, fc1), (.fc2, fc2)] {
      if let change = weights[matrix] { linear.$weight.reparametrize(change) }
      if let change = biases[matrix] { linear.$bias.reparametrize(change) }
    }
  }
}
