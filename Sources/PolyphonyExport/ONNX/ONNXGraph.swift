import Polyphony
import PolyphonySupport

/// An ONNX graph of a model, which serves every pattern of missing modalities.
public struct ONNXGraph {
  /// The graph of a model, with the adapters that are installed on it.
  ///
  /// - Throws: `Fault(.usage)` for a model that has no form in ONNX.
  public init(of model: MultimodalModel) throws(Fault) {}

  /// Writes the graph as one `.onnx` file, which replaces what was there as a whole.
  ///
  /// - Throws: `Fault(.cannotWrite)`.
  public func write(to path: String) throws(Fault) {}
}
