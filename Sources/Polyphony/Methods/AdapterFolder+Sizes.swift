import Torch

extension AdapterFolder {
  /// Makes the method that an adapter folder describes.
  static func method(
    _ description: AdapterDescription, _ configuration: ModelConfiguration
  ) throws(Fault) -> any TuningMethod {
    let maker = try TuningMethods.restorer(description.method)
    return try SettingsReader.read(description.settings, kind: .badData) { (reader) throws(Fault) in
      try maker(reader, configuration)
    }.value
  }

  /// Compares the tensors that an adapter's settings ask for with its file of weights, before any of them is made.
  ///
  /// So a small folder cannot ask for huge tensors. Models and methods from outside this library are not compared,
  /// because they may read elements of their tensors. Nor are methods that run the model to install themselves. The
  /// numbers in their settings have bounds.
  /// - Throws: `Fault(.badData)` for a tensor that the file lacks or has with another shape.
  static func checkSizes(_ path: String, _ configuration: ModelConfiguration) throws(Fault) {
    guard Architectures.isBuiltIn(configuration.architecture) else { return }
    let method = try description(of: path).method
    let tensors = try AbstractTensors.make { () throws(Fault) in
      try abstract(path, on: MultimodalModel(configuration))?.tensors
    }
    let file = "\(path)/\(weightsFile)"
    let saved = try SafetensorsFile(path: file).entries
    let shapes = Dictionary(saved.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    for (key, tensor) in tensors ?? [] {
      let name = fileName(of: key, method: method)
      if shapes[name] == nil, isOptional(key, method: method) { continue }
      guard shapes[name] == tensor.shape else { throw unfitting(file, name, shapes[name].map { "\($0)" }, tensor) }
    }
  }

  /// Installs an adapter and all beneath it without memory. Nil for a method that needs real tensors.
  private static func abstract(_ path: String, on model: MultimodalModel) throws(Fault) -> Installation? {
    let description = try description(of: path)
    guard TuningMethods.isBuiltIn(description.method) else { return nil }
    var lower: Installation?
    if let folder = try beneath(description, of: path) {
      guard let installation = try abstract(folder, on: model) else { return nil }
      lower = installation
    }
    let method = try method(description, model.configuration)
    guard !method.runsModelToInstall else { return nil }
    return try Installation(method, on: model, name: description.method, beneath: lower)
  }

  /// The error of a tensor of a file that is missing or has another shape.
  static func unfitting(_ file: String, _ key: String, _ found: String?, _ expected: Tensor) -> Fault {
    Fault(
      .badData, "the adapter does not fit this model", file: file, key: key, found: found ?? "no such tensor",
      expected: expected.description, remedy: "use the adapter with the base model it was made for")
  }
}
