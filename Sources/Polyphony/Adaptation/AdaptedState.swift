import Torch

/// A copy of all tensors that an adaptation changes: the adapted parameters in one block, and all buffers.
struct AdaptedState {
  let values: Tensor
  let buffers: [Tensor]

  init(of session: AdaptationSession) {
    (values, buffers) = noGrad { (session.group.parameters.values.copy(), session.buffers.map { $0.tensor.copy() }) }
  }

  /// Copies tensors in the order of ``tensors(session:)``.
  init(copying tensors: [Tensor]) {
    (values, buffers) = noGrad { (tensors[0].copy(), tensors.dropFirst().map { $0.copy() }) }
  }

  func restore(_ session: AdaptationSession) {
    noGrad {
      session.group.parameters.values.copyInPlace(from: values)
      for (buffer, saved) in zip(session.buffers, buffers) { buffer.tensor.copyInPlace(from: saved) }
    }
  }

  /// The tensors of this copy for saving, or those of the session's model if there is a session.
  func tensors(session: AdaptationSession?) -> [(key: String, tensor: Tensor)] {
    [("values", session?.group.parameters.values ?? values)]
      + buffers.indices.map { ("buffer.\($0)", session?.buffers[$0].tensor ?? buffers[$0]) }
  }
}

/// Checks of a checkpoint's tensors.
enum SavedTensors {
  /// Checks that the saved tensors have the keys, shapes and types of the expected ones.
  static func check(
    _ saved: [String: Tensor], against own: [(key: String, tensor: Tensor)], file: String?
  ) throws(Fault) {
    for (key, tensor) in own {
      guard let source = saved[key], source.shape == tensor.shape, source.dtype == tensor.dtype else {
        throw Fault(
          .badData, "the checkpoint does not fit this adaptation", file: file, key: key,
          found: saved[key]?.description ?? "no such tensor", expected: tensor.description,
          remedy: "resume with the same model, data and settings, or choose another output folder")
      }
    }
  }

  /// The tensor of a checkpoint with this key.
  static func tensor(_ key: String, _ saved: [String: Tensor], file: String?) throws(Fault) -> Tensor {
    guard let tensor = saved[key] else {
      throw Fault(
        .badData, "the checkpoint does not fit this adaptation", file: file, key: key, found: "no such tensor",
        remedy: "resume with the same model, data and settings, or choose another output folder")
    }
    return tensor
  }
}
