import Torch

/// The function between the two layers of a feed-forward part, as `hidden_act` names it.
enum Activation: String, CaseIterable {
  case gelu
  case geluNew = "gelu_new"
  case geluTanh = "gelu_pytorch_tanh"
  case quickGelu = "quick_gelu"
  case relu
  case silu
  case swish
  case tanh

  func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .gelu: x.gelu()
    case .geluNew, .geluTanh: x.geluTanh()
    case .quickGelu: x * (x * 1.702).sigmoid()
    case .relu: x.relu()
    case .silu, .swish: x.silu()
    case .tanh: x.tanh()
    }
  }
}
