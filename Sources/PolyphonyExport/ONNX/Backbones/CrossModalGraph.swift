/// `mult` and `prompted_mult`: cross-modal encoders for every ordered pair, a memory encoder for every modality; the
/// newest steps side by side.
struct CrossModalGraph: GraphBackbone {
  let parameters: GraphParameters
  let names: [String]
  /// The names of modalities whose newest step is the first one.
  let newestFirst: Set<String>
  /// An encoder under a key.
  let encoder: (_ key: String) -> GraphEncoder

  func embed(_ inputs: GraphInputs) -> [GraphTokens] {
    project(inputs, with: names.map { parameters.at("proj").at($0) })
  }

  func encode(_ embedded: [GraphTokens], afterLayer: LayerHook) -> [GraphTokens] {
    guard names.count > 1 else { return embedded }
    return embedded.indices.map { target in
      let parts = embedded.indices.filter { $0 != target }.map { source in
        encoder("cross.\(names[target]).\(names[source])")(embedded[target], memory: embedded[source]).values
      }
      return GraphTokens(.concatenated(parts, 2), mask: embedded[target].mask)
    }
  }

  func fuse(_ encoded: [GraphTokens], afterLayer: LayerHook) -> [GraphTokens] {
    zip(names, encoded).map { encoder("memory.\($0)")($1) }
  }

  func represent(_ fused: [GraphTokens]) -> GraphTensor {
    .concatenated(zip(names, fused).map { newestFirst.contains($0) ? $1.first : $1.last }, 1)
  }

  func headFeatures(_ representation: GraphTensor) -> GraphTensor {
    parameters.residualBlock(representation, "proj1", "proj2")
  }
}
