extension GraphTensor {
  func matmul(_ other: GraphTensor) -> GraphTensor { node("MatMul", other) }

  /// x · Wᵀ + b over the last axis.
  func linear(_ weight: GraphTensor, _ bias: GraphTensor?) -> GraphTensor {
    let product = matmul(weight.permuted(1, 0))
    return bias.map { product + $0 } ?? product
  }

  func softmax(_ axis: Int) -> GraphTensor { node("Softmax", attributes: ["axis": .int(axis)]) }

  /// Layer normalisation over the last axis.
  func layerNorm(_ weight: GraphTensor, _ bias: GraphTensor) -> GraphTensor {
    node("LayerNormalization", weight, bias, attributes: ["axis": .int(-1), "epsilon": .float(1e-5)])
  }

  func sum(_ axes: Int..., keep: Bool = false) -> GraphTensor {
    node("ReduceSum", builder.constant(axes), attributes: ["keepdims": .int(keep ? 1 : 0)])
  }

  func mean(_ axes: Int..., keep: Bool = false) -> GraphTensor {
    node("ReduceMean", builder.constant(axes), attributes: ["keepdims": .int(keep ? 1 : 0)])
  }

  func cumulativeSum(_ axis: Int) -> GraphTensor { node("CumSum", builder.constant(axis)) }

  /// The place of the largest entry of an axis, which becomes 1.
  func argmax(_ axis: Int) -> GraphTensor { node("ArgMax", attributes: ["axis": .int(axis)]) }

  /// A convolution of `[B, C, H, W]` with equal strides and dilations in both directions.
  func convolution2d(_ weight: GraphTensor, stride: Int = 1, padding: Int = 0, dilation: Int = 1) -> GraphTensor {
    node(
      "Conv", weight,
      attributes: [
        "strides": .ints([stride, stride]), "pads": .ints(Array(repeating: padding, count: 4)),
        "dilations": .ints([dilation, dilation]),
      ])
  }

  /// A transposed convolution of `[B, C, H, W]` whose stride is its kernel.
  func transposedConvolution2d(_ weight: GraphTensor, _ bias: GraphTensor, kernel: Int) -> GraphTensor {
    node("ConvTranspose", weight, bias, attributes: ["strides": .ints([kernel, kernel])])
  }

  /// Instance normalisation.
  func instanceNorm(_ weight: GraphTensor, _ bias: GraphTensor) -> GraphTensor {
    node("InstanceNormalization", weight, bias, attributes: ["epsilon": .float(1e-5)])
  }

  /// max(x, 0) + 0.01 · min(x, 0).
  func leakyRelu() -> GraphTensor { node("LeakyRelu", attributes: ["alpha": .float(0.01)]) }

  /// Batch normalisation with running statistics.
  func batchNorm(
    _ weight: GraphTensor, _ bias: GraphTensor, mean: GraphTensor, variance: GraphTensor
  ) -> GraphTensor {
    node("BatchNormalization", weight, bias, mean, variance, attributes: ["epsilon": .float(1e-5)])
  }

  func maxPool2d(kernel: Int, stride: Int, padding: Int) -> GraphTensor {
    node(
      "MaxPool",
      attributes: [
        "kernel_shape": .ints([kernel, kernel]), "strides": .ints([stride, stride]),
        "pads": .ints(Array(repeating: padding, count: 4)),
      ])
  }

  /// `[B, C, H, W]` in another size, bilinearly, where the corners of the outer pixels coincide.
  func upsampledBilinear(to size: [Int]) -> GraphTensor {
    let whole = GraphTensor.concatenated([self.size(0), self.size(1), builder.constant(size)], 0)
    return node(
      "Resize", nil, nil, whole,
      attributes: ["mode": .string("linear"), "coordinate_transformation_mode": .string("half_pixel")])
  }
}
