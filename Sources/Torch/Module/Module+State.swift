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
    let forms = tensors.mapValues { (shape: $0.shape, description: $0.description) }
    let pairs = try match(forms, file: file, partial: partial, rename: rename)
    noGrad { for (name, own) in pairs { own.copyInPlace(from: tensors[name]!) } }
  }

  /// Compares the tensors of a file with this module's own, and reads none of them.
  /// - Throws: The errors of ``load(_:file:partial:rename:)``.
  package func check(_ file: SafetensorsFile, rename: (String) -> String) throws(Fault) {
    let forms = file.entries.map { ($0.name, (shape: $0.shape, description: "\($0.dtype.rawValue) \($0.shape)")) }
    _ = try match(Dictionary(uniqueKeysWithValues: forms), file: file.path, partial: false, rename: rename)
  }

  /// Returns this module's tensors under the names of the saved ones.
  private func match(
    _ saved: [String: (shape: [Int], description: String)], file: String?, partial: Bool, rename: (String) -> String
  ) throws(Fault) -> [(name: String, own: Tensor)] {
    var unused = Set(saved.keys)
    var pairs: [(name: String, own: Tensor)] = []
    for (key, stored) in storage() {
      let (name, own) = (rename(key), stored.tensor!)
      guard let form = saved[name] else {
        if partial { continue }
        throw Fault(
          .badData, "the model needs a tensor that the file lacks", file: file, key: name,
          found: "\(saved.count) tensors, none of that name", expected: own.description,
          remedy: "check that the file was written for this configuration")
      }
      guard form.shape == own.shape else {
        throw Fault(
          .badData, "a tensor has another shape than the model's", file: file, key: name,
          found: "\(form.shape)", expected: "\(own.shape)",
          remedy: "check width, layers, heads and modalities of the configuration")
      }
      unused.remove(name)
      pairs.append((name, own))
    }
    if let extra = unused.min() {
      throw Fault(
        .badData, "the file holds a tensor that the model has no place for", file: file, key: extra,
        found: saved[extra]!.description, expected: "only keys of the model",
        remedy: "check that the file was written for this configuration")
    }
    return pairs
  }
}
