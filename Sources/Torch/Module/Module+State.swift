extension Module {
  /// Returns every tensor with its key. The tensors are the module's own, not copies.
  public func state() -> [(key: String, tensor: Tensor)] {
    storage().map { ($0.key, $0.storage.tensor!.detached()) }
  }

  /// Copies tensors into this module's own.
  ///
  /// - Parameters:
  ///   - tensors: the saved tensors by key.
  ///   - file: the file's name for errors.
  ///   - rename: maps this module's key to the one in `tensors`.
  ///   - partial: allows keys of this module that `tensors` lacks.
  /// - Throws: `Fault` of kind `badData` for a missing key, an unknown key or another shape. The module is then
  ///   unchanged.
  public func load(
    _ tensors: [String: Tensor], file: String? = nil, partial: Bool = false, rename: (String) -> String = { $0 }
  ) throws(Fault) {
    var unused = Set(tensors.keys)
    var pairs: [(Tensor, Tensor)] = []
    for (key, stored) in storage() {
      let name = rename(key)
      guard let source = tensors[name] else {
        if partial { continue }
        throw Fault(
          .badData, "the model needs a tensor that the file lacks", file: file, key: name,
          found: "\(tensors.count) tensors, none of that name", expected: stored.tensor!.description,
          remedy: "check that the file was written for this configuration")
      }
      guard source.shape == stored.tensor!.shape else {
        throw Fault(
          .badData, "a tensor has another shape than the model's", file: file, key: name,
          found: "\(source.shape)", expected: "\(stored.tensor!.shape)",
          remedy: "check width, layers, heads and modalities of the configuration")
      }
      unused.remove(name)
      pairs.append((stored.tensor!, source))
    }
    if let extra = unused.min() {
      throw Fault(
        .badData, "the file holds a tensor that the model has no place for", file: file, key: extra,
        found: tensors[extra]!.description, expected: "only keys of the model",
        remedy: "check that the file was written for this configuration")
    }
    noGrad { for (target, source) in pairs { target.copyInPlace(from: source) } }
  }
}
