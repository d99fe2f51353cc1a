import Torch

/// A tensor that an ONNX graph computes: the name of a node's output, of an initialiser or of an input.
struct GraphTensor {
  /// The name in the graph.
  let name: String
  /// The graph.
  let builder: GraphBuilder

  /// The result of an operator on this tensor and others.
  func node(
    _ type: String, _ others: GraphTensor?..., attributes: KeyValuePairs<String, GraphAttribute> = [:]
  ) -> GraphTensor {
    builder.node(type, [self] + others, attributes)
  }
}

// Elementwise operators, with NumPy's broadcasting.
extension GraphTensor {
  static func + (left: GraphTensor, right: GraphTensor) -> GraphTensor { left.node("Add", right) }
  static func - (left: GraphTensor, right: GraphTensor) -> GraphTensor { left.node("Sub", right) }
  static func * (left: GraphTensor, right: GraphTensor) -> GraphTensor { left.node("Mul", right) }
  static func / (left: GraphTensor, right: GraphTensor) -> GraphTensor { left.node("Div", right) }

  static func + (left: GraphTensor, right: Float) -> GraphTensor { left + left.builder.constant(right) }
  static func - (left: Float, right: GraphTensor) -> GraphTensor { right.builder.constant(left) - right }
  static func * (left: GraphTensor, right: Float) -> GraphTensor { left * left.builder.constant(right) }
  static func / (left: GraphTensor, right: Float) -> GraphTensor { left / left.builder.constant(right) }

  static func .& (left: GraphTensor, right: GraphTensor) -> GraphTensor { left.node("And", right) }
  static func .| (left: GraphTensor, right: GraphTensor) -> GraphTensor { left.node("Or", right) }
  static prefix func .! (mask: GraphTensor) -> GraphTensor { mask.node("Not") }
  static func .< (left: GraphTensor, right: GraphTensor) -> GraphTensor { left.node("Less", right) }
  static func .> (left: GraphTensor, right: GraphTensor) -> GraphTensor { left.node("Greater", right) }
  static func .== (left: GraphTensor, right: GraphTensor) -> GraphTensor { left.node("Equal", right) }

  var floats: GraphTensor { node("Cast", attributes: ["to": .int(ONNXTensorProto.DataType.float.rawValue)]) }
  var integers: GraphTensor { node("Cast", attributes: ["to": .int(ONNXTensorProto.DataType.int64.rawValue)]) }
  var booleans: GraphTensor { node("Cast", attributes: ["to": .int(ONNXTensorProto.DataType.bool.rawValue)]) }

  func relu() -> GraphTensor { node("Relu") }
  func tanh() -> GraphTensor { node("Tanh") }
  func sin() -> GraphTensor { node("Sin") }
  func cos() -> GraphTensor { node("Cos") }
  func abs() -> GraphTensor { node("Abs") }
  /// x · Φ(x), with the exact Φ.
  func gelu() -> GraphTensor { self * ((self / Float(2).squareRoot()).node("Erf") + 1) * 0.5 }
  /// The values, but none below a bound.
  func clamped(_ low: GraphTensor) -> GraphTensor { node("Max", low) }

  static func minimum(_ left: GraphTensor, _ right: GraphTensor) -> GraphTensor { left.node("Min", right) }
  static func maximum(_ left: GraphTensor, _ right: GraphTensor) -> GraphTensor { left.node("Max", right) }

  /// The values where a mask is true, and others elsewhere.
  func selected(where mask: GraphTensor, otherwise other: GraphTensor) -> GraphTensor {
    mask.node("Where", self, other)
  }
  /// The values, but a number where a mask is true.
  func filled(_ value: Float, where mask: GraphTensor) -> GraphTensor {
    builder.constant(value).selected(where: mask, otherwise: self)
  }
}
