/// `late_fusion`: an encoder per modality; first steps side by side.
struct LateFusionGraph: GraphBackbone {
  let parameters: GraphParameters
  let encoders: [GraphEncoder]

  var representationWidth: Int { parameters.shape("out_layer_proj0.weight")[1] }

  func embed(_ inputs: GraphInputs) -> [GraphTokens] {
    project(inputs, with: encoders.indices.map { parameters.at("proj").at($0) })
  }

  func encode(_ embedded: [GraphTokens], afterLayer: LayerHook) -> [GraphTokens] {
    encode(embedded, with: encoders, afterLayer: afterLayer)
  }

  func fuse(_ encoded: [GraphTokens], afterLayer: LayerHook) -> [GraphTokens] { encoded }

  func represent(_ fused: [GraphTokens]) -> GraphTensor { .concatenated(fused.map(\.first), 1) }

  func headFeatures(_ representation: GraphTensor) -> GraphTensor {
    let inner = parameters.at("out_layer_proj0").linear(representation).relu()
    return parameters.residualBlock(inner, "out_layer_proj1", "out_layer_proj2")
  }
}
