import Torch

extension AdapterFolder {
  /// Folds an adapter into its base, and writes the result as a new model, which is as fast as the base.
  ///
  /// - Parameters:
  ///   - path: the adapter's folder.
  ///   - base: the folder of the adapter's base model. It does not change.
  ///   - output: the folder to make or replace.
  /// - Throws: `Fault(.usage)` for a method with computation of its own, or for another base. `Fault(.badData)`,
  ///   `Fault(.missingInput)` or `Fault(.cannotWrite)` for the folders.
  public static func merge(_ path: String, base: String, to output: String) throws(Fault) {
    let model = try ModelFolder.read(base)
    let fingerprint = try ModelFolder.fingerprint(base)
    let (installation, description) = try install(path, on: model, base: base, fingerprint: fingerprint)
    // A stack is merged as a whole. Merging a part of it would leave an adapter without its base.
    if let other = installation.stack.first(where: { !($0.method is any MergeableTuning) }) {
      throw Fault(
        .usage, "an adapter of this kind cannot be merged: it computes what no tensor of the base can hold",
        file: path, key: "method",
        found: other === installation ? other.name : "\(other.name), beneath \(description.method)",
        expected: "a method that only changes tensors of the base, such as lora, ia3, bitfit, head or full",
        remedy: "use base and adapter together")
    }
    try ModelFolder.write(model.backbone, to: output)
  }
}
