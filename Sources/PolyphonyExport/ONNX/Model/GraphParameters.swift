import Polyphony
import Torch

/// The tensors of a model as the layers see them, below a prefix of their keys, with the layers that read them.
///
/// A tensor that a method changes (LoRA, (IA)³) is there in its changed form. An initialiser has the tensor's name in
/// `model.safetensors`, or in the adapter's file. Tensors that nothing reads stay out of the graph.
struct GraphParameters {
  /// The prefix, without a dot at its end.
  let prefix: String
  private let home: Home

  /// The tensors, and the initialisers that were made of them.
  private final class Home {
    let builder: GraphBuilder
    let stored: [String: StoredTensor]
    let fileKey: (String) -> String
    var made: [String: GraphTensor] = [:]

    init(_ builder: GraphBuilder, _ stored: [String: StoredTensor], _ fileKey: @escaping (String) -> String) {
      (self.builder, self.stored, self.fileKey) = (builder, stored, fileKey)
    }
  }

  /// All tensors of a backbone and its methods.
  init(of model: MultimodalModel, _ builder: GraphBuilder) {
    var stored = Dictionary(uniqueKeysWithValues: model.backbone.storage().map { ($0.key, $0.storage) })
    for (index, attachment) in model.attachments.enumerated() {
      for (key, tensor) in attachment.storage(Self.prefix(ofAttachment: index)) { stored[key] = tensor }
    }
    prefix = ""
    home = Home(builder, stored) { model.backbone.fileKey($0) }
  }

  private init(_ prefix: String, _ home: Home) { (self.prefix, self.home) = (prefix, home) }

  /// The prefix of the tensors of a method on the model.
  static func prefix(ofAttachment index: Int) -> String { "attachment.\(index)" }

  var builder: GraphBuilder { home.builder }

  /// The tensors below a further part of the key.
  func at(_ part: String) -> GraphParameters { GraphParameters(key(part), home) }

  /// The tensors of entry `index` of a list.
  func at(_ index: Int) -> GraphParameters { at("\(index)") }

  /// True if there is a tensor of this name.
  func has(_ name: String) -> Bool { home.stored[key(name)] != nil }

  /// The number of entries of a list, each of which has a tensor of this name; "" is the entry itself.
  func count(_ name: String) -> Int {
    var count = 0
    while has(name.isEmpty ? "\(count)" : "\(count).\(name)") { count += 1 }
    return count
  }

  /// The shape of a tensor.
  func shape(_ name: String) -> [Int] { tensor(name).shape }

  /// A tensor.
  subscript(name: String) -> GraphTensor {
    let key = key(name)
    if let made = home.made[key] { return made }
    let made = builder.initializer(key.hasPrefix("attachment.") ? key : home.fileKey(key), tensor(name))
    home.made[key] = made
    return made
  }

  private func key(_ name: String) -> String { prefix.isEmpty ? name : name.isEmpty ? prefix : "\(prefix).\(name)" }

  private func tensor(_ name: String) -> Tensor {
    guard let stored = home.stored[key(name)], let tensor = stored.tensor else {
      preconditionFailure("the model has no tensor \(key(name))")
    }
    return noGrad { stored.reparametrization?(tensor) ?? tensor }
  }
}

// The layers of the library, by the names of their tensors.
extension GraphParameters {
  func linear(_ x: GraphTensor) -> GraphTensor { x.linear(self["weight"], has("bias") ? self["bias"] : nil) }

  /// The layer over the channels of a map, `[B, inputs, h, w]` to `[B, outputs, h, w]`.
  func linearAtEachPlace(_ map: GraphTensor) -> GraphTensor {
    linear(map.permuted(0, 2, 3, 1)).permuted(0, 3, 1, 2)
  }

  /// A convolution over time with a kernel of one step, of `[B, L, inputs]`.
  func pointwise(_ x: GraphTensor) -> GraphTensor {
    x.linear(self["weight"].squeezed(2), has("bias") ? self["bias"] : nil)
  }

  func layerNorm(_ x: GraphTensor) -> GraphTensor { x.layerNorm(self["weight"], self["bias"]) }

  func batchNorm(_ x: GraphTensor) -> GraphTensor {
    x.batchNorm(self["weight"], self["bias"], mean: self["running_mean"], variance: self["running_var"])
  }

  func instanceNorm(_ x: GraphTensor) -> GraphTensor { x.instanceNorm(self["weight"], self["bias"]) }

  func transposedConvolution2d(_ x: GraphTensor, kernel: Int) -> GraphTensor {
    x.transposedConvolution2d(self["weight"], self["bias"], kernel: kernel)
  }

  func convolution2d(_ x: GraphTensor, stride: Int = 1, padding: Int = 0, dilation: Int = 1) -> GraphTensor {
    x.convolution2d(self["weight"], stride: stride, padding: padding, dilation: dilation)
  }

  /// x + W₂ relu(W₁ x), the block before the last layer.
  func residualBlock(_ x: GraphTensor, _ first: String, _ second: String) -> GraphTensor {
    x + at(second).linear(at(first).linear(x).relu())
  }
}
