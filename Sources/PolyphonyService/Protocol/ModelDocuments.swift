import Polyphony

/// The documents that describe a model to clients: metadata in the form of the Open Inference Protocol, and the
/// configuration in Triton's form.
struct ModelDocuments: Sendable {
  let metadata: OrderedJSON
  let configuration: OrderedJSON

  /// Describes a model.
  /// - Parameters:
  ///   - outputs: the outputs for one sample.
  ///   - delay: the most milliseconds that a request waits for others.
  init(
    name: String, _ reader: SampleReader, outputs: [OutputTensor], mostSamples: Int, delay: Double
  ) throws(HTTPError) {
    var (inputs, fields): ([OrderedJSON], [OrderedJSON]) = ([], [])
    func add(_ name: String, _ datatype: Datatype, _ shape: [Int], isOptional: Bool) {
      inputs.append([
        "name": .string(name), "datatype": .string(datatype.rawValue), "shape": Self.list([-1] + shape),
        "parameters": ["optional": .bool(isOptional)],
      ])
      fields.append([
        "name": .string(name), "data_type": .string("TYPE_\(datatype == .bytes ? "STRING" : datatype.rawValue)"),
        "dims": Self.list(shape), "optional": .bool(isOptional),
      ])
    }
    for (index, modality) in reader.modalities.enumerated() {
      let shape = modality.sampleShape
      // A client may send fewer steps than the model reads.
      let free = modality.hasSteps ? [-1] + shape.dropFirst() : shape
      add(modality.name, try ElementType(modality).datatype, free, isOptional: reader.isOptional(index))
    }
    for modality in reader.modalities where modality.hasSteps {
      add("\(modality.name).length", .int64, [], isOptional: true)
    }
    add(SampleReader.presence, .bool, [reader.modalities.count], isOptional: true)
    metadata = [
      "name": .string(name), "versions": [.string(ServedModel.version)], "platform": "polyphony_libtorch",
      "inputs": .array(inputs),
      "outputs": .array(
        outputs.map {
          [
            "name": .string($0.name), "datatype": .string($0.datatype.rawValue),
            "shape": Self.list([-1] + $0.shape.dropFirst()),
          ]
        }),
    ]
    configuration = [
      "name": .string(name), "platform": "polyphony_libtorch", "backend": "polyphony",
      "max_batch_size": .integer(mostSamples), "input": .array(fields),
      "output": .array(
        outputs.map {
          [
            "name": .string($0.name),
            "data_type": .string("TYPE_\($0.datatype == .bytes ? "STRING" : $0.datatype.rawValue)"),
            "dims": Self.list(Array($0.shape.dropFirst())),
          ]
        }),
      "dynamic_batching": ["max_queue_delay_microseconds": .integer(Int(delay * 1000))],
    ]
  }

  private static func list(_ sizes: [Int]) -> OrderedJSON { .array(sizes.map { .integer($0) }) }
}
