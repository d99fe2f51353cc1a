import Torch

extension EncoderLayer: AdaptableLayer {
  /// The features per step.
  public var width: Int { shape.width }

  /// Returns the columns and rows of a matrix. A gated feed-forward part has twice the rows in its first one.
  public func sizes(of matrix: LayerMatrix) -> (inputs: Int, outputs: Int) {
    let weight = self[matrix].weight
    return (weight.size(1), weight.size(0))
  }

  /// Changes the weights and biases of some matrices.
  public func reparametrize(weights: [LayerMatrix: Change], biases: [LayerMatrix: Change] = [:]) {
    for matrix in LayerMatrix.allCases {
      if let change = weights[matrix] { self[matrix].$weight.reparametrize(change) }
      if let change = biases[matrix] { self[matrix].$bias.reparametrize(change) }
    }
  }

  private subscript(matrix: LayerMatrix) -> Linear {
    switch matrix {
    case .q: query
    case .k: key
    case .v: value
    case .out: output
    case .fc1: widening
    case .fc2: narrowing
    }
  }
}
