import Torch

/// The function between the two layers of a feed-forward part, as `hidden_act` names it.
enum Activation: String, CaseIterable {
  case gelu
  case geluNew = "gelu_new"
  case geluTanh = "gelu_pytorch_tanh"
  case quickGelu = "quick_gelu"
  case relu
  case relu6
  case silu
  case swish
  case tanh
  /// silu(a)·b for an input of twice the width, a before b.
  case gatedSilu = "gated_silu"

  func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .gelu: x.gelu()
    case .geluNew, .geluTanh: x.geluTanh()
    case .quickGelu: x * (x * 1.702).sigmoid()
    case .relu: x.relu()
    case .relu6: x.clamped(0, 6)
    case .silu, .swish: x.silu()
    case .tanh: x.tanh()
    case .gatedSilu: Self.gated(x)
    }
  }

  /// True if the layer before it has twice the features of the layer after it.
  var isGated: Bool { self == .gatedSilu }

  private static func gated(_ x: Tensor) -> Tensor {
    let half = x.size(-1) / 2
    let parts = x.split([half, half], -1)
    return parts[0].silu() * parts[1]
  }
}
