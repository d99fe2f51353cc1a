import Foundation
import Polyphony
import Torch

/// A model in memory that answers requests.
///
/// Reading the inputs of a request needs no tensors, and any thread may do it. ``InferenceThreads`` make predictions,
/// several at a time. The model stays in its form for evaluation, so a prediction changes nothing in it.
final class ServedModel: @unchecked Sendable {
  /// The one version that each model has.
  static let version = "1"

  let name: String
  let reader: SampleReader
  let documents: ModelDocuments
  let metrics: ModelMetrics
  /// The names of all outputs.
  let outputNames: [String]
  /// The streams that adapt. It is nil without adaptation.
  let streams: ModelStreams?
  /// The raw inputs that the model takes in place of features. It is nil without an encoder.
  let raw: RawInputs?
  private let model: MultimodalModel
  /// The standardisation of each modality while a batch takes its features. Nil stands for one that the model does. On a
  /// GPU it does all.
  private let standardizations: [FeatureStandardization?]
  private let device: Device

  /// Everything that determines the backbone.
  var configuration: ModelConfiguration { model.configuration }

  /// Reads a model, and passes one sample of zeros through it, so that the first request does not wait for it.
  /// - Throws: The errors of ``Polyphony/ModelWithAdapter`` and of ``RawInputs``.
  init(_ source: ModelSource, _ options: PredictionService.Options, metrics: ModelMetrics) throws(Fault) {
    let (device, mostSamples) = (options.device, options.mostSamples)
    (name, self.metrics, self.device) = (source.name, metrics, device)
    let loaded = try ModelWithAdapter(source.folder, adapter: source.adapter, device: device)
    model = loaded.model
    model.train(false)
    standardizations = model.standardizations.map { device == .cpu ? $0 : nil }
    reader = SampleReader(model, mostSamples: mostSamples)
    raw = try RawInputs(
      source.name, model.configuration, options.encoders, mostSamples: mostSamples, warn: options.warn)
    do throws(HTTPError) {
      let outputs = try Self.predict([reader.zeros()], model, standardizations, reader, device)[0].get()
      outputNames = outputs.map(\.name)
      documents = try ModelDocuments(
        name: source.name, reader, model.configuration, raw: raw, adapter: loaded.installation?.name,
        outputs: outputs, mostSamples: mostSamples, delay: options.delay)
    } catch {
      throw Fault(
        .badData, "the model cannot answer a sample of zeros", file: source.folder, found: error.message,
        expected: "finite numbers", remedy: "train the model anew, or restore its weights")
    }
    metrics.names = reader.modalities.map(\.name)
    if let own = options.streams {
      streams = try ModelStreams(
        source, own, reader: reader, device: device, metrics: metrics.streams, warn: options.warn)
    } else {
      streams = nil
    }
  }

  /// Predicts the samples of several requests in one pass.
  /// - Returns: The outputs of each request, or the reason why it has none.
  func predict(_ parts: [Samples]) -> [Result<[OutputTensor], HTTPError>] {
    Self.predict(parts, model, standardizations, reader, device)
  }

  private static func predict(
    _ parts: [Samples], _ model: MultimodalModel, _ standardizations: [FeatureStandardization?],
    _ reader: SampleReader, _ device: Device
  ) -> [Result<[OutputTensor], HTTPError>] {
    let inputs = RequestBatch(parts, reader.modalities, standardizations: standardizations).inputs
    let (prediction, representation) = noGrad {
      let output = model.output(of: inputs.to(device), isStandardized: standardizations.map { $0 != nil })
      return (output.prediction.to(.cpu), output.pooled.to(.cpu))
    }
    return answers(parts.map(\.count), inputs, prediction, representation, model.configuration)
  }

  /// The outputs of each request of a pass.
  /// - Parameters:
  ///   - counts: the samples of each request, one behind another in the other arguments.
  ///   - prediction: what the model says of the inputs.
  ///   - representation: the vectors before its head.
  static func answers(
    _ counts: [Int], _ inputs: Inputs, _ prediction: Tensor, _ representation: Tensor,
    _ configuration: ModelConfiguration
  ) -> [Result<[OutputTensor], HTTPError>] {
    var values = prediction.floats
    let vectors = representation.floats
    let (width, depth) = (values.count / inputs.count, vectors.count / inputs.count)
    var first = 0
    let rows = counts.map { count in
      defer { first += count }
      return first..<first + count
    }
    // A sample whose prediction is no number must not spoil the answers of others.
    let isFinite = rows.map { values[$0.lowerBound * width..<$0.upperBound * width].allSatisfy(\.isFinite) }
    for (rows, isFinite) in zip(rows, isFinite) where !isFinite {
      for place in rows.lowerBound * width..<rows.upperBound * width { values[place] = 0 }
    }
    let safe = isFinite.contains(false) ? Tensor(values, shape: prediction.shape) : prediction
    let table = try? PredictionTable(
      Predictions(prediction: safe, representation: representation),
      of: UnlabelledSplit(name: "input", inputs: inputs), configuration: configuration)
    return zip(rows, isFinite).map { rows, isFinite in
      guard isFinite else { return .failure(notFinite) }
      let size = [rows.count]
      var outputs = [
        OutputTensor(
          name: "prediction", shape: size + prediction.shape.dropFirst(),
          elements: .floats(values[rows.lowerBound * width..<rows.upperBound * width])),
        OutputTensor(
          name: "representation", shape: size + representation.shape.dropFirst(),
          elements: .floats(vectors[rows.lowerBound * depth..<rows.upperBound * depth])),
      ]
      if let table, table.hasProbabilities { outputs += classes(table, rows, width) }
      return .success(outputs)
    }
  }

  /// The answer to numbers that overflow in the model. Samples of usual numbers have passed when the model was loaded.
  private static let notFinite = HTTPError(
    400, "inputs: the prediction is not a finite number; the values are too large for the model")

  /// The probabilities and the labels, as `predict` writes them.
  private static func classes(_ table: PredictionTable, _ rows: Range<Int>, _ width: Int) -> [OutputTensor] {
    let probabilities = rows.flatMap { table.probabilities(of: $0) }
    return [
      OutputTensor(name: "probability", shape: [rows.count, width], elements: .floats(probabilities[...])),
      OutputTensor(name: "label", shape: [rows.count], elements: .texts(rows.map { table.label($0) })),
    ]
  }
}

/// The folders of a model that is served under a name.
package struct ModelSource: Sendable {
  /// The name in addresses.
  package let name: String
  /// The model's folder.
  package let folder: String
  /// An adapter's folder.
  package let adapter: String?

  /// Names the folders of a model.
  package init(name: String, folder: String, adapter: String? = nil) {
    (self.name, self.folder, self.adapter) = (name, folder, adapter)
  }
}
