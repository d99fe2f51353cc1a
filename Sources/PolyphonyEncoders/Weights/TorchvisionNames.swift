/// The names of torchvision's convolutional networks, as Hugging Face's.
enum TorchvisionNames {
  /// Returns Hugging Face's name of a weight of a ResNet. A name of another form stays.
  static func resnet(_ name: String) -> String {
    let parts = name.split(separator: ".").map(String.init)
    switch parts.first {
    case "conv1": return join(["embedder.embedder.convolution"] + parts.dropFirst())
    case "bn1": return join(["embedder.embedder.normalization"] + parts.dropFirst())
    case let stage? where stage.hasPrefix("layer") && parts.count >= 4:
      guard let number = Int(stage.dropFirst(5)), let block = Int(parts[1]) else { return name }
      let place = "encoder.stages.\(number - 1).layers.\(block)"
      if parts[2] == "downsample", parts.count == 5 {
        return join([place, "shortcut", parts[3] == "0" ? "convolution" : "normalization", parts[4]])
      }
      guard let index = Int(parts[2].drop { !$0.isNumber }) else { return name }
      let part = parts[2].hasPrefix("conv") ? "convolution" : "normalization"
      return join([place, "layer.\(index - 1)", part] + parts.dropFirst(3))
    default: return name
    }
  }

  /// Returns Hugging Face's name of a weight of a MobileNetV2. A name of another form stays.
  static func mobilenetV2(_ name: String) -> String {
    let parts = name.split(separator: ".").map(String.init)
    guard parts.count >= 4, parts[0] == "features", let block = Int(parts[1]) else { return name }
    let part = { (place: String) in place == "0" ? "convolution" : "normalization" }
    guard parts[2] == "conv" else {
      return join([block == 0 ? "conv_stem.first_conv" : "conv_1x1", part(parts[2]), parts[3]])
    }
    guard let index = Int(parts[3]) else { return name }
    let names = block == 1 ? ["conv_3x3", "reduce_1x1"] : ["expand_1x1", "conv_3x3", "reduce_1x1"]
    let place = block == 1 ? "conv_stem" : "layer.\(block - 2)"
    if index < names.count - 1, parts.count == 6 { return join([place, names[index], part(parts[4]), parts[5]]) }
    guard parts.count == 5 else { return name }
    return join([place, "reduce_1x1", index == names.count - 1 ? "convolution" : "normalization", parts[4]])
  }

  private static func join(_ parts: [String]) -> String { parts.joined(separator: ".") }
}
