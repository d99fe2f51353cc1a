/// `unet`: an encoder per image, joined at each resolution, and one decoder.
struct UNetGraph: GraphBackbone {
  let parameters: GraphParameters
  let images: Int
  /// The methods that act behind blocks.
  let methods: [any GraphMethod]

  private var encoders: [GraphParameters] { (0..<images).map { parameters.at("encoders").at($0).at("stages") } }
  /// The number of resolutions.
  private var levels: Int { encoders[0].count("conv1.weight") }

  func embed(_ inputs: GraphInputs) -> [GraphTokens] {
    zip(inputs.values, encoders).map { GraphTokens(block($1.at(0), $0)) }
  }

  func encode(_ embedded: [GraphTokens], afterLayer: LayerHook) -> [GraphTokens] {
    zip(embedded, encoders).map { tokens, encoder in
      var maps = [tokens.values]
      for level in 1..<max(1, levels) { maps.append(block(encoder.at(level), maps[level - 1], stride: 2)) }
      return GraphTokens(maps[levels - 1], details: Array(maps.dropLast()))
    }
  }

  func fuse(_ encoded: [GraphTokens], afterLayer: LayerHook) -> [GraphTokens] {
    let joined = (0..<levels).map { level in
      let maps = encoded.map { level < levels - 1 ? $0.details[level] : $0.values }
      return parameters.at("fusion").at(level).convolution2d(.concatenated(maps, 1))
    }
    let decoder = parameters.at("decoder")
    var x = joined[levels - 1]
    for level in (0..<levels - 1).reversed() {
      let fine = joined[level]
      let raised = decoder.at("raise").at(level).transposedConvolution2d(x, kernel: 2)
      let cut = raised.slice(2, 0, fine.size(2)).slice(3, 0, fine.size(3))
      x = block(decoder.at("stages").at(level), .concatenated([cut, fine], 1))
    }
    return [GraphTokens(x)]
  }

  func represent(_ fused: [GraphTokens]) -> GraphTensor { fused[0].values }

  func headFeatures(_ representation: GraphTensor) -> GraphTensor { representation }

  func prediction(_ features: GraphTensor) -> GraphTensor {
    parameters.at("out_layer").linearAtEachPlace(features)
  }

  func pooled(_ representation: GraphTensor) -> GraphTensor { representation.mean(2, 3) }

  /// Two convolutions with instance normalisation and a leaky rectifier.
  private func block(_ block: GraphParameters, _ x: GraphTensor, stride: Int = 1) -> GraphTensor {
    let first = block.at("conv1").convolution2d(x, stride: stride, padding: 1)
    let second = block.at("conv2").convolution2d(block.at("norm1").instanceNorm(first).leakyRelu(), padding: 1)
    let y = block.at("norm2").instanceNorm(second).leakyRelu()
    return methods.reduce(y) { $1.block($0, in: block.prefix) }
  }
}
