extension GraphTensor {
  /// The size of an axis, `[1]`.
  func size(_ axis: Int) -> GraphTensor { node("Shape", attributes: ["start": .int(axis), "end": .int(axis + 1)]) }

  /// The whole numbers from 0 up to a size `[1]`.
  static func range(_ count: GraphTensor) -> GraphTensor {
    count.builder.constant(0).node("Range", count.squeezed(0), count.builder.constant(1))
  }

  func unsqueezed(_ axes: Int...) -> GraphTensor { node("Unsqueeze", builder.constant(axes)) }
  func squeezed(_ axes: Int...) -> GraphTensor { node("Squeeze", builder.constant(axes)) }
  func permuted(_ axes: Int...) -> GraphTensor { node("Transpose", attributes: ["perm": .ints(axes)]) }

  /// The same elements in another shape. A 0 keeps an axis's size, and a −1 follows from the others.
  func reshaped(_ shape: Int...) -> GraphTensor { node("Reshape", builder.constant(shape)) }

  /// The elements broadcast to a shape.
  func expanded(_ shape: GraphTensor) -> GraphTensor { node("Expand", shape) }

  /// A tensor `[1, …]` repeated for each sample of another one.
  /// - Parameter rank: the number of axes.
  func expanded(toSamplesOf other: GraphTensor, rank: Int) -> GraphTensor {
    expanded(.concatenated([other.size(0), builder.constant(Array(repeating: 1, count: rank - 1))], 0))
  }

  /// One entry of an axis, without that axis.
  func select(_ axis: Int, _ index: Int) -> GraphTensor {
    node("Gather", builder.constant(index), attributes: ["axis": .int(axis)])
  }

  /// The entries of the first axis that indices name.
  func rows(_ indices: GraphTensor) -> GraphTensor { node("Gather", indices, attributes: ["axis": .int(0)]) }

  /// A part of an axis. A part that reaches beyond the end stops there.
  func slice(_ axis: Int, _ start: Int, _ end: Int = Int(Int32.max)) -> GraphTensor {
    slice(axis, start, builder.constant([end]))
  }

  /// A part of an axis up to a place `[1]`.
  func slice(_ axis: Int, _ start: Int, _ end: GraphTensor) -> GraphTensor {
    node("Slice", builder.constant([start]), end, builder.constant([axis]))
  }

  /// The pieces of an axis of these sizes, `[1]` each.
  func split(_ axis: Int, _ sizes: [GraphTensor]) -> [GraphTensor] {
    builder.node("Split", [self, .concatenated(sizes, 0)], ["axis": .int(axis)], outputs: sizes.count)
  }

  /// Zeros, or false, before and behind an axis's entries; `[1]` gives how many.
  func padded(_ axis: Int, before: GraphTensor, behind: GraphTensor) -> GraphTensor {
    node("Pad", .concatenated([before, behind], 0), nil, builder.constant([axis]))
  }

  static func concatenated(_ parts: [GraphTensor], _ axis: Int) -> GraphTensor {
    parts.count == 1 ? parts[0] : parts[0].builder.node("Concat", parts, ["axis": .int(axis)])
  }

  static func stacked(_ parts: [GraphTensor], _ axis: Int) -> GraphTensor {
    concatenated(parts.map { $0.unsqueezed(axis) }, axis)
  }

  /// The elements that indices of the same rank name along an axis.
  func gathered(_ axis: Int, _ indices: GraphTensor) -> GraphTensor {
    node("GatherElements", indices, attributes: ["axis": .int(axis)])
  }
}
