import Foundation

/// Polyphony's own CPU kernels behind the layers.
///
/// A function returns nil if libtorch's operators must do the work instead. Dropout in the kernels is counter-based:
/// its bits follow from ``DropoutStream`` and the position in the tensor. Forward and backward compute the same bits,
/// so no mask is stored.
package enum Fused {
  /// False if the environment sets `POLYPHONY_FUSED=0`.
  private static let isWanted = ProcessInfo.processInfo.environment["POLYPHONY_FUSED"] != "0"

  /// Refuses a misspelt switch, because it would silently measure or compare the wrong kernels.
  static func checkEnvironment() throws(Fault) {
    let environment = ProcessInfo.processInfo.environment
    if let switched = environment["POLYPHONY_FUSED"], !["", "0", "1"].contains(switched) {
      throw Fault(
        .usage, "an environment variable has an unknown value", key: "POLYPHONY_FUSED", found: switched,
        expected: "0 for libtorch's own operators, or 1", remedy: "unset it for the kernels that fit this processor")
    }
    if let wanted = environment["POLYPHONY_ISA"], !wanted.isEmpty, wanted != instructionSet {
      throw Fault(
        .usage, "the kernels cannot run on this instruction set here", key: "POLYPHONY_ISA", found: wanted,
        expected: "plain, avx2 or avx512, as far as this processor has them",
        remedy: "unset it for the best that this processor has")
    }
  }

  /// Overrides the environment, so that tests can compare both ways in one process.
  package static let isForced = ThreadLocal<Bool?>(nil)

  static var isEnabled: Bool { isForced.value ?? isWanted }

  private static let dropout = Operator("polyphony::dropout")
  private static let embed = Operator("polyphony::embed")
  private static let encoder = Operator("polyphony::encoder")
  private static let standardise = Operator("polyphony::standardise")

  /// The instruction set that the kernels use: `avx512`, `avx2` or `plain`.
  static var instructionSet: String { Operator("polyphony::instruction_set").text() }

  static func dropout(_ x: Tensor, _ p: Double) -> Tensor? {
    guard serves(x) else { return nil }
    let place = DropoutStream.shared.next(x.count)
    return dropout(.tensor(x), .double(p), .int(place.seed), .int(place.offset), .int(place.first))
  }

  static func embed(_ x: Tensor, mask: Tensor?, scale: Double, dropout p: Double) -> Tensor? {
    guard serves(x) else { return nil }
    let place = p > 0 ? DropoutStream.shared.next(x.count) : .init()
    return embed(
      .tensor(x), .tensor(mask), .double(scale), .double(p), .int(place.seed), .int(place.offset), .int(place.first))
  }

  /// Applies consecutive layers as one operator, followed by the last LayerNorm if one is given.
  static func layers(
    _ layers: ArraySlice<TransformerEncoderLayer>, norm: LayerNorm?, _ x: Tensor, memory: Tensor?, mask: Tensor?,
    memoryMask: Tensor?, readout: Readout
  ) -> Tensor? {
    guard serves(x), let first = layers.first, layers.allSatisfy({ $0.adapter == nil }) else { return nil }
    let active = first.isTraining
    let rates = first.rates
    let place = active ? DropoutStream.shared.next(x.size(0)) : .init()
    return encoder(
      .tensor(x), .tensor(memory), .tensor(mask), .tensor(memory == nil ? mask : memoryMask),
      .tensors(layers.flatMap(\.weights)), .tensor(norm?.weight), .tensor(norm?.bias),
      .int(first.attention.heads), .bool(first.causal), .double(active ? rates.attention : 0),
      .double(active ? rates.relu : 0), .double(active ? rates.residual : 0), .int(readout.rawValue),
      .int(place.seed), .int(place.offset), .int(place.first))
  }

  /// Computes (x − mean) / deviation for each feature, which x has in its last dimension, where x needs no gradient. The
  /// bits are those of the two operators.
  package static func standardised(_ x: Tensor, mean: Tensor, deviation: Tensor) -> Tensor? {
    guard serves(x), x.dtype == .float32, mean.dtype == .float32, deviation.dtype == .float32, !x.requiresGradient
    else { return nil }
    return standardise(.tensor(x), .tensor(mean), .tensor(deviation))
  }

  static func serves(_ x: Tensor) -> Bool {
    isEnabled && x.device == .cpu && (x.dtype == .float32 || x.dtype == .float64)
  }
}

/// The steps of an encoder's output that the caller reads. The last layer need not compute the others.
public enum Readout: Int, Sendable {
  /// The last real step of each sample, as `[batch, 1, width]`.
  case last = -1
  /// Every step.
  case all = 0
  /// The first step of each sample, as `[batch, 1, width]`.
  case first = 1
}

extension TransformerEncoderLayer {
  /// The parameters in the order of the fused operator.
  fileprivate var weights: [Tensor] {
    [
      norms[0].weight, norms[0].bias, attention.inWeight, attention.inBias, attention.outProjection.weight,
      attention.outProjection.bias!, norms[1].weight, norms[1].bias, fc1.weight, fc1.bias!, fc2.weight, fc2.bias!,
    ]
  }
}
