import Torch

/// A model for streams that adapt, with all that an adapter folder of a stream needs.
package final class AdaptedStreams {
  /// The methods that learn from a batch alone, so that streams can take turns.
  package static let methods = ["inputs"]

  /// The adaptation of all streams.
  package let adaptation: StreamAdaptation
  private let installation: Installation
  private let description: AdapterDescription

  /// Prepares a model for streams. From now on it must not serve anything else.
  /// - Parameters:
  ///   - base: the model with its adapter.
  ///   - method: the name of a method of test-time adaptation, with its usual settings.
  ///   - example: inputs of one sample, which have the shapes of all others.
  /// - Throws: `Fault(.usage)` for an unknown method, and for one that needs more than a batch.
  package init(_ base: ModelWithAdapter, method name: String, example: Inputs, device: Device = .cpu) throws(Fault) {
    let maker = try AdaptationMethods.maker(name)
    guard Self.methods.contains(name) else {
      throw Fault(
        .usage, "this method cannot adapt streams that take turns", key: "--adapt", found: name,
        expected: (["none"] + Self.methods).joined(separator: ", "),
        remedy: "adapt to a whole data set with it: polyphony adapt --method \(name)")
    }
    let configuration = base.model.configuration
    let (method, settings) = try SettingsReader.read(.empty) { (reader) throws(Fault) in
      try maker(reader, configuration)
    }
    installation = try Installation(
      AdaptedTuning.wrapping(method), on: base.model, name: name, beneath: base.installation)
    description = try base.description(method: name, settings: settings)
    adaptation = try StreamAdaptation(base.model, method: method, example: example, device: device)
  }

  /// Writes what a stream has learned as an adapter folder.
  /// - Throws: `Fault(.cannotWrite)`.
  package func export(_ state: StreamAdaptation.State, to path: String) throws(Fault) {
    _ = try adaptation.model(as: state)
    try AdapterFolder.write(installation, description, to: path)
  }
}
