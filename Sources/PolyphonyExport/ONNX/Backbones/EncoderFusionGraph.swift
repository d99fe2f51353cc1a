/// `encoder_fusion`: an encoder per modality, then a fusion encoder over the joined sequences; its first step.
struct EncoderFusionGraph: GraphBackbone {
  let parameters: GraphParameters
  let encoders: [GraphEncoder]
  let fusion: GraphEncoder

  func embed(_ inputs: GraphInputs) -> [GraphTokens] {
    project(inputs, with: encoders.indices.map { parameters.at("proj").at($0) })
  }

  func encode(_ embedded: [GraphTokens], afterLayer: LayerHook) -> [GraphTokens] {
    encode(embedded, with: encoders, afterLayer: afterLayer)
  }

  func fuse(_ encoded: [GraphTokens], afterLayer: LayerHook) -> [GraphTokens] {
    joined(encoded, by: fusion, afterLayer: afterLayer)
  }

  func represent(_ fused: [GraphTokens]) -> GraphTensor { fused[0].first }

  func headFeatures(_ representation: GraphTensor) -> GraphTensor {
    parameters.residualBlock(representation, "proj1", "proj2")
  }
}
