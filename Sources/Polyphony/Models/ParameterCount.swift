import Torch

/// The sizes of a model with its methods, in elements.
public struct ParameterCount: Codable, Equatable, Sendable {
  /// The elements of all parameters.
  public var total: Int
  /// The elements of the parameters that are trained.
  public var trainable: Int
  /// The elements of the parameters that a tuning method trains beside the head. Nil without a tuning.
  public var added: Int?

  /// Makes the counts.
  public init(total: Int, trainable: Int, added: Int? = nil) {
    (self.total, self.trainable, self.added) = (total, trainable, added)
  }
}

extension MultimodalModel {
  /// The sizes of the model.
  public var parameterCount: ParameterCount {
    let counts = [backbone.parameterCount] + attachments.map(\.parameterCount)
    return ParameterCount(
      total: counts.map(\.total).reduce(0, +), trainable: counts.map(\.trainable).reduce(0, +))
  }

  /// The sizes of the model with a tuning method: what is trained is the head, if it is trained, and what is added.
  var tunedParameterCount: ParameterCount {
    var count = parameterCount
    let head = backbone.trainableParameters().filter { type(of: backbone).isHead($0.key) }
    count.added = count.trainable - head.compactMap(\.storage.tensor?.count).reduce(0, +)
    return count
  }
}
