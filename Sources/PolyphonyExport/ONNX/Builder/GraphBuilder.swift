import Foundation
import PolyphonySupport
import SwiftProtobuf
import Torch

/// Collects the nodes, tensors, inputs and outputs of an ONNX graph.
///
/// ``GraphTensor`` has the operators. Each of them adds a node here, so that Swift code over graph tensors reads like
/// the forward function that the graph computes.
final class GraphBuilder {
  /// The version of ONNX's operators that the graph uses.
  static let operatorSet = 18
  /// The version of ONNX's file format that came with these operators.
  static let fileVersion = 8

  private var graph = ONNXGraphProto()
  private var names: Set<String> = []
  private var constants: [Data: GraphTensor] = [:]
  private var byteCount = 0
  /// A name that two tensors have. A name in a graph means one tensor.
  private(set) var ambiguousName: String?

  /// An axis of an input or output.
  enum Dimension {
    /// A size that is the same in every call.
    case fixed(Int)
    /// A size that a caller chooses, by name. One name means one size.
    case free(String)
  }

  /// Declares an input.
  func input(
    _ name: String, _ type: ONNXTensorProto.DataType, _ dimensions: [Dimension], comment: String
  ) -> GraphTensor {
    take(name)
    graph.input.append(description(name, type, dimensions, comment))
    return GraphTensor(name: name, builder: self)
  }

  /// Declares an output, and gives it a tensor's values.
  func output(_ name: String, _ value: GraphTensor, _ dimensions: [Dimension], comment: String) {
    take(name)
    graph.output.append(description(name, .float, dimensions, comment))
    append("Identity", [value.name], [name], [:])
  }

  /// Adds an initialiser, a tensor with values of its own.
  func initializer(_ name: String, _ tensor: Tensor) -> GraphTensor {
    take(name)
    var entry = ONNXTensorProto(tensor)
    entry.name = name
    byteCount += entry.rawData.count
    graph.initializer.append(entry)
    return GraphTensor(name: name, builder: self)
  }

  /// An initialiser without a name of its own. Equal constants are one tensor.
  func constant(_ tensor: Tensor) -> GraphTensor {
    let key = Data("\(tensor.dtype) \(tensor.shape) ".utf8) + ONNXTensorProto(tensor).rawData
    if let known = constants[key] { return known }
    let made = initializer("/constant_\(constants.count)", tensor)
    constants[key] = made
    return made
  }

  /// A number.
  func constant(_ value: Float) -> GraphTensor { constant(Tensor(Double(value), dtype: .float32)) }

  /// A list of whole numbers, `[count]`.
  func constant(_ values: [Int]) -> GraphTensor { constant(Tensor(values)) }

  /// A whole number.
  func constant(_ value: Int) -> GraphTensor { constant(Tensor(Double(value), dtype: .int64)) }

  /// Adds a node, and returns its outputs.
  /// - Parameter inputs: the node's inputs; nil leaves an optional one out.
  func node(
    _ type: String, _ inputs: [GraphTensor?], _ attributes: KeyValuePairs<String, GraphAttribute> = [:],
    outputs count: Int
  ) -> [GraphTensor] {
    let name = "/\(type)_\(graph.node.count)"
    let outputs = count == 1 ? [name] : (0..<count).map { "\(name)_\($0)" }
    append(type, inputs.map { $0?.name ?? "" }, outputs, attributes)
    return outputs.map { GraphTensor(name: $0, builder: self) }
  }

  /// Adds a node of one output.
  func node(
    _ type: String, _ inputs: [GraphTensor?], _ attributes: KeyValuePairs<String, GraphAttribute> = [:]
  ) -> GraphTensor {
    node(type, inputs, attributes, outputs: 1)[0]
  }

  /// The graph as a model file.
  /// - Parameter properties: what a reader may want to know besides the graph.
  /// - Throws: `Fault(.usage)` for a name that two tensors have, and for weights that no single file holds.
  func model(
    name: String, version: String, properties: KeyValuePairs<String, String>
  ) throws(Fault) -> ONNXModelProto {
    if let ambiguousName {
      throw Fault(
        .usage, "a modality has a name that the ONNX graph needs for another tensor", key: "modalities",
        found: ambiguousName, expected: "a name other than presence, prediction and representation",
        remedy: "rename the modality in config.json")
    }
    try Self.checkSize(byteCount)
    graph.name = name
    var model = ONNXModelProto()
    (model.irVersion, model.producerName, model.producerVersion) = (Int64(Self.fileVersion), "polyphony", version)
    model.opsetImport = [.with { $0.version = Int64(Self.operatorSet) }]
    model.metadataProps = properties.map { key, value in
      .with { ($0.key, $0.value) = (key, value) }
    }
    model.graph = graph
    return model
  }

  /// Refuses weights that exceed what a protocol buffer can hold, 2 GiB less some room for the nodes.
  static func checkSize(_ bytes: Int) throws(Fault) {
    let limit = 1 << 31 - 1 << 26
    guard bytes > limit else { return }
    throw Fault(
      .usage, "the weights are too large for one ONNX file", key: "--format", found: "\(bytes) bytes of weights",
      expected: "at most \(limit)", remedy: "use --format pytorch, whose weights are in a file without this limit")
  }

  private func take(_ name: String) {
    if !names.insert(name).inserted { ambiguousName = name }
  }

  private func append(
    _ type: String, _ inputs: [String], _ outputs: [String], _ attributes: KeyValuePairs<String, GraphAttribute>
  ) {
    var node = ONNXNodeProto()
    (node.name, node.opType, node.input, node.output) = ("/\(type)_\(graph.node.count)", type, inputs, outputs)
    node.attribute = attributes.map { $1.named($0) }
    graph.node.append(node)
  }

  private func description(
    _ name: String, _ type: ONNXTensorProto.DataType, _ dimensions: [Dimension], _ comment: String
  ) -> ONNXValueInfoProto {
    var tensor = ONNXTypeProto.Tensor()
    tensor.elemType = type
    tensor.shape.dim = dimensions.map { dimension in
      .with {
        switch dimension {
        case .fixed(let size): $0.dimValue = Int64(size)
        case .free(let name): $0.dimParam = name
        }
      }
    }
    return .with {
      ($0.name, $0.docString) = (name, comment)
      $0.type.tensorType = tensor
    }
  }
}

/// The value of a node's attribute.
enum GraphAttribute {
  case int(Int)
  case ints([Int])
  case float(Float)
  case string(String)

  fileprivate func named(_ name: String) -> ONNXAttributeProto {
    .with {
      $0.name = name
      switch self {
      case .int(let value): ($0.type, $0.i) = (.int, Int64(value))
      case .ints(let values): ($0.type, $0.ints) = (.ints, values.map(Int64.init))
      case .float(let value): ($0.type, $0.f) = (.float, value)
      case .string(let value): ($0.type, $0.s) = (.string, Data(value.utf8))
      }
    }
  }
}

extension ONNXTensorProto {
  /// A tensor's values. Floating-point numbers become f32, whole numbers i64.
  fileprivate init(_ tensor: Tensor) {
    self.init()
    let type: DType = tensor.dtype == .bool ? .bool : tensor.dtype.isFloatingPoint ? .float32 : .int64
    dims = tensor.shape.map(Int64.init)
    dataType = type == .bool ? .bool : type == .float32 ? .float : .int64
    rawData = noGrad { tensor.detached().to(type) }.withBytes { Data($0) }
  }
}
