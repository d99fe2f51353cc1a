/// `early_fusion`: the projected modalities one after another in time, one encoder over all; its first step.
struct EarlyFusionGraph: GraphBackbone {
  let parameters: GraphParameters
  let modalities: Int
  let fusion: GraphEncoder

  func embed(_ inputs: GraphInputs) -> [GraphTokens] {
    project(inputs, with: (0..<modalities).map { parameters.at("proj").at($0) })
  }

  func encode(_ embedded: [GraphTokens], afterLayer: LayerHook) -> [GraphTokens] { embedded }

  func fuse(_ encoded: [GraphTokens], afterLayer: LayerHook) -> [GraphTokens] {
    joined(encoded, by: fusion, afterLayer: afterLayer)
  }

  func represent(_ fused: [GraphTokens]) -> GraphTensor { fused[0].first }

  func headFeatures(_ representation: GraphTensor) -> GraphTensor {
    parameters.residualBlock(representation, "out_layer_proj1", "out_layer_proj2")
  }
}
