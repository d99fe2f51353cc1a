import Torch

/// A module with every kind of member: parameters, a buffer, and children by name, in a list and by key.
class Everything: Module {
  @Parameter("W") var weight: Tensor
  @OptionalParameter var offset: Tensor?
  @OptionalParameter var absent: Tensor?
  @Buffer("running") var average: Tensor
  @Child var first: Linear
  @Child("list") var layers: [Linear]
  @Child var heads: NamedModules
  @Child("") var inlined: LayerNorm
  var notAParameter = Tensor.zeros([9])

  override init() {
    super.init()
    weight = .ones([2, 3])
    offset = .zeros([3])
    average = .zeros([2])
    first = Linear(2, 1)
    layers = [Linear(1, 1, bias: false), Linear(1, 2)]
    var named = NamedModules()
    named["text"] = Linear(1, 1, bias: false)
    named["audio"] = BatchNorm2d(1)
    heads = named
    inlined = LayerNorm(2)
  }

  static let keys = [
    "W", "offset", "running", "first.weight", "first.bias", "list.0.weight", "list.1.weight", "list.1.bias",
    "heads.text.weight", "heads.audio.weight", "heads.audio.bias", "heads.audio.running_mean",
    "heads.audio.running_var", "heads.audio.num_batches_tracked", "weight", "bias",
  ]
}

/// A subclass with its own parameter.
final class EvenMore: Everything {
  @Parameter var extra: Tensor

  override init() {
    super.init()
    extra = .zeros([4])
  }
}
