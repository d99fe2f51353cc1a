import Polyphony
import Torch

extension Module {
  /// Gives every parameter and buffer the tensor of its name, in f32.
  ///
  /// Names and shapes are compared before any tensor is read. `ownName` gives the module's name for a name of the file. A
  /// name whose first part is none of the encoder's own parts belongs to a head, and is ignored. So are the lists of
  /// positions that old files hold, and the vectors of masked inputs, which only pretraining uses. A file may lack the
  /// count of batches beside running statistics.
  /// - Throws: `Fault(.badData)` for a missing weight, one without a place, or another shape.
  func take(_ weights: WeightFiles, ownName: (String) -> String = { $0 }) throws(Fault) {
    let storage = storage()
    let own = Set(storage.map(\.key))
    let parts = Set(own.map(Self.firstPart))
    var named: [String: WeightFiles.Entry] = [:]
    var surplus: [String] = []
    for (published, entry) in weights.entries {
      let name = Self.modern(ownName(published))
      if own.contains(name) {
        named[name] = entry
      } else if parts.contains(Self.firstPart(name)), !Self.unusedEndings.contains(where: name.hasSuffix) {
        surplus.append(published)
      }
    }
    let missing = storage.map(\.key).filter { named[$0] == nil && !$0.hasSuffix("num_batches_tracked") }
    if let first = missing.first {
      throw Fault(
        .badData, "config.json describes weights that the file lacks", file: weights.path, key: first,
        found: "\(missing.count) of \(storage.count) weights missing", expected: "a weight of this name",
        remedy: "check that config.json and the weights are of the same model")
    }
    if let first = surplus.min() {
      throw Fault(
        .badData, "the file holds weights that config.json does not describe", file: weights.path, key: first,
        found: "\(surplus.count) such weights", expected: "the weights that config.json describes",
        remedy: "check that config.json and the weights are of the same model")
    }
    for (key, stored) in storage {
      guard let shape = named[key]?.shape, shape != stored.tensor!.shape else { continue }
      throw Fault(
        .badData, "a weight has another shape than config.json describes", file: weights.path, key: key,
        found: "\(shape)", expected: "\(stored.tensor!.shape)",
        remedy: "check that config.json and the weights are of the same model")
    }
    for (key, stored) in storage {
      let tensor = try named[key]?.read() ?? .zeros(stored.tensor!.shape, dtype: stored.tensor!.dtype)
      let value = stored.tensor!.dtype.isFloatingPoint ? tensor.to(.float32) : tensor
      stored.tensor = stored.isTrainable ? value.requiringGradient() : value
    }
  }

  private static let unusedEndings = ["position_ids", "mask_token", "num_batches_tracked"]

  private static func firstPart(_ name: String) -> String { String(name.prefix { $0 != "." }) }

  /// Returns the present form of a name: old files call the scale and shift of a norm gamma and beta, and name the two
  /// parts of a normed weight by letters.
  private static func modern(_ name: String) -> String {
    let endings = [
      (".gamma", ".weight"), (".beta", ".bias"), (".weight_g", ".parametrizations.weight.original0"),
      (".weight_v", ".parametrizations.weight.original1"),
    ]
    for (old, new) in endings where name.hasSuffix(old) { return name.dropLast(old.count) + new }
    return name
  }
}
