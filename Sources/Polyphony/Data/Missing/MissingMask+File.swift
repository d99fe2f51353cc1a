import Torch

extension MissingMask {
  private static let format = "polyphony-missing-mask"

  /// The SHA-256 of the missing entries (modalities, shapes and elements). Rule and seed do not enter it.
  public var hash: String {
    var bytes = Array("\(Self.format)\n\(modalities.joined(separator: "\n"))\n".utf8)
    for (key, tensor) in tensors {
      bytes += Array("\(key) \(tensor.shape)\n".utf8)
      tensor.withBytes { bytes += $0 }
    }
    return FileHash.sha256(bytes)
  }

  /// Makes or replaces a safetensors file with `presence` and `tokens.<modality>`. Its metadata are rule, seed and
  /// hash.
  /// - Throws: `Fault(.cannotWrite)`.
  public func write(to path: String) throws(Fault) {
    try SafetensorsWriter.write(
      to: path, tensors.map { .init($0.key, $0.tensor) },
      metadata: [
        "format": Self.format, "protocol": protocolName, "seed": "\(seed)",
        "modalities": modalities.joined(separator: "\n"), "sha256": hash,
      ])
  }

  /// Reads a file of ``write(to:)``.
  /// - Throws: `Fault(.badData)` for another kind of file, and for a content that differs from its hash.
  public init(contentsOf path: String) throws(Fault) {
    let file = try SafetensorsFile(path: path)
    let metadata = file.metadata
    guard metadata["format"] == Self.format, let names = metadata["modalities"],
      let seed = metadata["seed"].flatMap(UInt64.init), let protocolName = metadata["protocol"]
    else {
      throw Fault(
        .badData, "the file is no mask of missing data", file: path, key: "__metadata__.format",
        found: metadata["format"] ?? "none", expected: Self.format)
    }
    let modalities = names.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var tokens: [Tensor?] = []
    for name in modalities { tokens.append(file["tokens.\(name)"] == nil ? nil : try file.tensor("tokens.\(name)")) }
    try self.init(
      protocolName: protocolName, seed: seed, modalities: modalities, presence: try file.tensor("presence"),
      tokens: tokens, file: path)
    guard metadata["sha256"] == hash else {
      throw Fault(
        .badData, "the mask is not what its hash says", file: path, key: "__metadata__.sha256", found: hash,
        expected: metadata["sha256"] ?? "a hash", remedy: "draw the mask again")
    }
  }

  private var tensors: [(key: String, tensor: Tensor)] {
    [("presence", presence)]
      + zip(modalities, tokens).compactMap { name, kept in kept.map { ("tokens.\(name)", $0) } }
  }
}
