import Polyphony

/// The documents that describe a model to clients: metadata in the form of the Open Inference Protocol, and the
/// configuration in Triton's form.
struct ModelDocuments: Sendable {
  let metadata: OrderedJSON
  let configuration: OrderedJSON

  /// Describes a model.
  /// - Parameters:
  ///   - raw: the raw inputs that the model takes in place of features.
  ///   - adapter: the name of the adapter's method. It is nil without an adapter.
  ///   - outputs: the outputs for one sample.
  ///   - delay: the most milliseconds that a request waits for others.
  init(
    name: String, _ reader: SampleReader, _ model: ModelConfiguration, raw: RawInputs?, adapter: String?,
    outputs: [OutputTensor], mostSamples: Int, delay: Double
  ) throws(HTTPError) {
    var (inputs, fields): ([OrderedJSON], [OrderedJSON]) = ([], [])
    var raws: [OrderedJSON.Member] = []
    func add(
      _ name: String, _ datatype: Datatype, _ shape: [Int], isOptional: Bool, _ more: [OrderedJSON.Member] = []
    ) {
      inputs.append([
        "name": .string(name), "datatype": .string(datatype.rawValue), "shape": Self.list([-1] + shape),
        "parameters": .object([.init("optional", .bool(isOptional))] + more),
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
      var more: [OrderedJSON.Member] = [.init("kind", .string(modality.kind.rawValue))]
      if modality.hasSteps { more.append(.init("steps", .integer(modality.steps))) }
      if let content = raw?.content(of: modality.name) {
        more.append(.init("raw", ["datatype": "BYTES", "shape": [-1], "content": .string(content)]))
        raws.append(.init("raw.\(modality.name)", ["string_value": .string(content)]))
      }
      add(modality.name, try ElementType(modality).datatype, free, isOptional: reader.isOptional(index), more)
    }
    for modality in reader.modalities where modality.hasSteps {
      add("\(modality.name).length", .int64, [], isOptional: true)
    }
    add(SampleReader.presence, .bool, [reader.modalities.count], isOptional: true)
    var parameters: [OrderedJSON.Member] = [
      .init("task", .string(model.task.kind.rawValue)), .init("architecture", .string(model.architecture)),
    ]
    if let adapter { parameters.append(.init("adapter", .string(adapter))) }
    metadata = [
      "name": .string(name), "versions": [.string(ServedModel.version)], "platform": "polyphony_libtorch",
      "inputs": .array(inputs), "outputs": .array(outputs.map { Self.output($0, model.task) }),
      "parameters": .object(parameters),
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
      "parameters": .object(raws),
    ]
  }

  /// An output with the names of its classes, labels or targets, if they have some.
  private static func output(_ output: OutputTensor, _ task: PredictionTask) -> OrderedJSON {
    var members: [OrderedJSON.Member] = [
      .init("name", .string(output.name)), .init("datatype", .string(output.datatype.rawValue)),
      .init("shape", list([-1] + output.shape.dropFirst())),
    ]
    if let names = task.targets ?? task.labels, ["prediction", "probability"].contains(output.name),
      output.shape.dropFirst().first == names.count
    {
      members.append(.init("parameters", ["names": .array(names.map { .string($0) })]))
    }
    return .object(members)
  }

  private static func list(_ sizes: [Int]) -> OrderedJSON { .array(sizes.map { .integer($0) }) }
}
