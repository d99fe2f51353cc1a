/// `deeplab_v3plus`: a residual network and an atrous pyramid per image, one decoder over all.
struct DeepLabV3PlusGraph: GraphBackbone {
  let parameters: GraphParameters
  let images: Int
  /// The methods that act behind blocks.
  let methods: [any GraphMethod]
  /// Height and width of all images.
  let imageSize: [Int]

  private var encoders: [GraphParameters] { (0..<images).map { parameters.at("encoders").at($0) } }

  func embed(_ inputs: GraphInputs) -> [GraphTokens] {
    zip(inputs.values, encoders).map { x, encoder in
      let network = encoder.at("backbone")
      let stem = network.at("bn1").batchNorm(network.at("conv1").convolution2d(x, stride: 2, padding: 3)).relu()
      return GraphTokens(stem.maxPool2d(kernel: 3, stride: 2, padding: 1))
    }
  }

  func encode(_ embedded: [GraphTokens], afterLayer: LayerHook) -> [GraphTokens] {
    zip(embedded, encoders).map { tokens, encoder in
      let network = encoder.at("backbone")
      let detail = stage(network.at("layer1"), tokens.values, stride: 1, dilations: [1])
      let second = stage(network.at("layer2"), detail, stride: 2, dilations: [1])
      let third = stage(network.at("layer3"), second, stride: 2, dilations: [1])
      let coarse = stage(network.at("layer4"), third, stride: 1, dilations: [2, 4, 8])
      return GraphTokens(pyramid(encoder.at("aspp"), coarse), details: [detail])
    }
  }

  func fuse(_ encoded: [GraphTokens], afterLayer: LayerHook) -> [GraphTokens] {
    let decoder = parameters.at("decoder")
    let coarse = GraphTensor.concatenated(encoded.map(\.values), 1).upsampledBilinear(to: quarter)
    let detail = block(decoder.at("narrow"), .concatenated(encoded.flatMap(\.details), 1), padding: 0)
    let convolutions = decoder.at("convolutions")
    let first = block(convolutions.at(0), .concatenated([coarse, detail], 1), padding: 1)
    return [GraphTokens(block(convolutions.at(1), first, padding: 1))]
  }

  func represent(_ fused: [GraphTokens]) -> GraphTensor { fused[0].values }

  func headFeatures(_ representation: GraphTensor) -> GraphTensor { representation }

  func prediction(_ features: GraphTensor) -> GraphTensor {
    parameters.at("out_layer").linearAtEachPlace(features).upsampledBilinear(to: imageSize)
  }

  func pooled(_ representation: GraphTensor) -> GraphTensor { representation.mean(2, 3) }

  /// The size after two strides of 2, each of which rounds up.
  private var quarter: [Int] { imageSize.map { (($0 + 1) / 2 + 1) / 2 } }

  private func stage(_ blocks: GraphParameters, _ x: GraphTensor, stride: Int, dilations: [Int]) -> GraphTensor {
    (0..<blocks.count("conv1.weight")).reduce(x) { x, index in
      let y = residual(
        blocks.at(index), x, stride: index == 0 ? stride : 1, dilation: dilations[index % dilations.count])
      return methods.reduce(y) { $1.block($0, in: blocks.at(index).prefix) }
    }
  }

  private func residual(_ block: GraphParameters, _ x: GraphTensor, stride: Int, dilation: Int) -> GraphTensor {
    var inner = block.at("bn1").batchNorm(block.at("conv1").convolution2d(x)).relu()
    inner = block.at("conv2").convolution2d(inner, stride: stride, padding: dilation, dilation: dilation)
    inner = block.at("bn3").batchNorm(block.at("conv3").convolution2d(block.at("bn2").batchNorm(inner).relu()))
    let shortcut = block.at("downsample")
    guard shortcut.has("0.weight") else { return (inner + x).relu() }
    return (inner + shortcut.at(1).batchNorm(shortcut.at(0).convolution2d(x, stride: stride))).relu()
  }

  private func pyramid(_ pyramid: GraphParameters, _ x: GraphTensor) -> GraphTensor {
    // The mean has one place, so that its upsampling is a repetition.
    let mean = block(pyramid.at("pooled"), x.mean(2, 3, keep: true), padding: 0)
    let size = GraphTensor.concatenated([x.builder.constant([1, 1]), x.size(2), x.size(3)], 0)
    let atrous = [2, 4, 6].enumerated().map { index, dilation in
      block(pyramid.at("atrous").at(index), x, padding: dilation, dilation: dilation)
    }
    let parts = [block(pyramid.at("point"), x, padding: 0)] + atrous + [mean.expanded(size)]
    return block(pyramid.at("join"), .concatenated(parts, 1), padding: 0)
  }

  /// A convolution, batch normalisation, rectifier.
  private func block(
    _ block: GraphParameters, _ x: GraphTensor, padding: Int, dilation: Int = 1
  ) -> GraphTensor {
    block.at("bn").batchNorm(block.at("conv").convolution2d(x, padding: padding, dilation: dilation)).relu()
  }
}
