import Torch

/// The objects that compute for all streams, and the tensors of one stream in them: those of the model that the method
/// changes, those that the method keeps, the optimizer's moments, and the contrastive losses of the guard.
///
/// Every state of a method has the same keys and shapes.
struct StreamTensors {
  private static let (adapted, kept, optimizer, contrast) = ("adapted.", "method.", "optimizer.", "guard.contrast")

  let method: any AdaptationMethod
  let session: AdaptationSession
  let watch: CollapseGuard

  /// Copies of all tensors, by key.
  var copies: [String: Tensor] {
    noGrad {
      let parts: [(String, [(key: String, tensor: Tensor)])] = [
        (Self.adapted, watch.source.tensors(session: session)), (Self.kept, method.state()),
        (Self.optimizer, hasOptimizer ? session.optimizer.state() : []),
        (Self.contrast, watch.bounds.isEnabled ? [("", watch.contrastState)] : []),
      ]
      let all = parts.flatMap { prefix, part in part.map { (prefix + $0.key, $0.tensor.copy()) } }
      return Dictionary(uniqueKeysWithValues: all)
    }
  }

  /// Puts the tensors of a stream in place.
  func enter(_ tensors: [String: Tensor]) throws(Fault) {
    noGrad {
      for (key, tensor) in watch.source.tensors(session: session) {
        tensor.copyInPlace(from: tensors[Self.adapted + key]!)
      }
    }
    try method.load(Self.part(Self.kept, of: tensors), session, file: nil)
    if hasOptimizer { try session.optimizer.load(Self.part(Self.optimizer, of: tensors), file: nil) }
    if let losses = tensors[Self.contrast] { watch.contrastState = losses }
    session.hasFailed = false
  }

  /// The tensors after a batch that the guard has refused: those before it. As in a loop, the optimizer begins anew, and
  /// so do the latest contrastive losses.
  func returned(to tensors: [String: Tensor], source: [String: Tensor]) -> [String: Tensor] {
    watch.recentContrast = []
    var result = tensors.merging(source.filter { $0.key.hasPrefix(Self.optimizer) }) { $1 }
    if tensors[Self.contrast] != nil { result[Self.contrast] = watch.contrastState }
    return result
  }

  private var hasOptimizer: Bool { method.memory(for: session.model.configuration.task) != .nothing }

  private static func part(_ prefix: String, of tensors: [String: Tensor]) -> [String: Tensor] {
    let part = tensors.filter { $0.key.hasPrefix(prefix) }.map { (String($0.key.dropFirst(prefix.count)), $0.value) }
    return Dictionary(uniqueKeysWithValues: part)
  }
}
