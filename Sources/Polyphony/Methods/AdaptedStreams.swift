import Torch

/// A model for streams that adapt, with all that an adapter folder of a stream needs.
package final class AdaptedStreams {
  /// The methods that learn from a batch alone, so that streams can take turns, for options without a model.
  ///
  /// The methods say it themselves (``AdaptationMethod/memory(for:)``). A test compares this list with what they say.
  package static let methods = ["inputs", "ssa", "casp-contrast", "tent", "read"]

  /// The adaptation of all streams.
  package let adaptation: StreamAdaptation
  private let installation: Installation
  private let description: AdapterDescription

  /// Prepares a model for streams. From now on it must not serve anything else.
  /// - Parameters:
  ///   - base: the model with its adapter.
  ///   - method: the name of a method of test-time adaptation, with its usual settings.
  ///   - example: inputs of one sample, which have the shapes of all others.
  /// - Throws: `Fault(.usage)` for an unknown method, for one that needs more than a batch, and for one that cannot adapt
  ///   the model. The fault names the methods that the model's streams can have.
  package init(_ base: ModelWithAdapter, method name: String, example: Inputs, device: Device = .cpu) throws(Fault) {
    do throws(Fault) {
      let (method, settings) = try Self.suitable(name, for: base.model.configuration)
      installation = try Installation(
        AdaptedTuning.wrapping(method), on: base.model, name: name, beneath: base.installation)
      description = try base.description(method: name, settings: settings)
      adaptation = try StreamAdaptation(base.model, method: method, example: example, device: device)
    } catch {
      var fault = error
      if fault.key == "--method" { fault.key = "--adapt" }
      throw fault
    }
  }

  /// Writes what a stream has learned as an adapter folder.
  /// - Throws: `Fault(.cannotWrite)`.
  package func export(_ state: StreamAdaptation.State, to path: String) throws(Fault) {
    _ = try adaptation.model(as: state)
    try AdapterFolder.write(installation, description, to: path)
  }

  private typealias Made = (value: any AdaptationMethod, resolved: SettingsTree)

  private static func made(_ name: String, for configuration: ModelConfiguration) throws(Fault) -> Made {
    let maker = try AdaptationMethods.maker(name)
    return try SettingsReader.read(.empty) { (reader) throws(Fault) in try maker(reader, configuration) }
  }

  /// Makes a method if streams of a model can have it.
  /// - Throws: `Fault(.usage)` with the names of those that they can have.
  private static func suitable(_ name: String, for configuration: ModelConfiguration) throws(Fault) -> Made {
    let task = configuration.task
    func fits(_ made: Made) -> Bool { made.value.memory(for: task) != .samples }
    do throws(Fault) {
      if name != AdaptationMethods.choice {
        let made = try made(name, for: configuration)
        if fits(made) { return made }
      }
      throw Fault(
        .usage, "this method cannot adapt streams that take turns", key: "--method", found: name,
        remedy: "adapt to a whole data set with it: polyphony adapt --method \(name)")
    } catch {
      var fault = error
      let names = AdaptationMethods.names.filter { (try? made($0, for: configuration)).map(fits) ?? false }
      fault.expected = "\((["none"] + names).joined(separator: ", ")) for a \(task.kind.rawValue)"
      throw fault
    }
  }
}
