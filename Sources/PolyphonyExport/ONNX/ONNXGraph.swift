import Foundation
import Polyphony
import PolyphonySupport
import SwiftProtobuf

/// A model as an ONNX graph, which serves every pattern of missing modalities.
///
/// Inputs are the modalities by name, `[batch, length, features]`, `[batch, features]` or `[batch, channels, height,
/// width]`. Each sequence has a further input `<modality>.length`, `[batch]` i64, with the real steps of each sample.
/// `presence`, `[batch, M]` f32, is 1 where a sample has a modality and 0 where it lacks it. Outputs are `prediction` and
/// `representation`. The graph standardises its inputs. Batch and lengths are free, but a graph with a value for each
/// step takes no longer sequences than the model.
public struct ONNXGraph {
  let model: ONNXModelProto

  /// The graph of a model, with the adapters that are installed on it.
  ///
  /// - Throws: `Fault(.usage)` for volumes, for a backbone or a method of one's own, which has no form in ONNX, and for
  ///   weights that are too large for one file.
  public init(of model: MultimodalModel) throws(Fault) {
    let builder = GraphBuilder()
    let configuration = model.configuration
    if let volume = configuration.modalities.first(where: { $0.kind == .volume }) {
      throw Fault(
        .usage, "a model of volumes has no form in ONNX yet", key: "--format", found: "the volume \(volume.name)",
        expected: "a model of images, sequences or vectors", remedy: "use the folder with Polyphony itself")
    }
    let whole = try GraphModel(model, builder)
    let output = whole(GraphInputs(of: configuration, builder))
    let image = configuration.modalities.first { $0.kind == .image }
    let places = [image?.height, image?.width].compactMap(\.self).map(GraphBuilder.Dimension.fixed)
    let batch = GraphBuilder.Dimension.free("batch")
    builder.output(
      "prediction", output.prediction, [batch, .fixed(configuration.task.outputs)] + places,
      comment: "values, or logits of \(configuration.task.kind.rawValue)")
    builder.output(
      "representation", output.representation, [batch, .fixed(whole.backbone.representationWidth)],
      comment: "the input of the head")
    self.model = try builder.model(
      name: configuration.architecture, version: Polyphony.version,
      properties: [
        "architecture": configuration.architecture, "task": configuration.task.kind.rawValue,
        "modalities": configuration.modalities.map(\.name).joined(separator: ", "),
      ])
  }

  /// Writes the graph as one `.onnx` file, which replaces what was there as a whole.
  ///
  /// - Throws: `Fault(.cannotWrite)`.
  public func write(to path: String) throws(Fault) {
    let bytes: [UInt8]
    do {
      bytes = try model.serializedBytes()
    } catch {
      throw Fault(.failure, "the ONNX graph cannot be encoded", file: path, found: "\(error)")
    }
    try AtomicFile.write(bytes, to: path)
  }
}
