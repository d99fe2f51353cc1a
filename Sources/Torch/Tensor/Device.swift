/// The device that holds a tensor's memory.
public enum Device: Hashable, Sendable, CustomStringConvertible {
  /// Main memory.
  case cpu
  /// The memory of the CUDA device with this index.
  case cuda(Int)

  /// Makes the device named `cpu`, `cuda` or `cuda:N`. The name `auto` is CUDA if there is one, and otherwise the CPU.
  /// - Throws: `Fault` of kind `usage` for another name or a device that this machine lacks.
  public init(named name: String) throws(Fault) {
    let count = Libtorch.cudaDeviceCount
    switch name {
    case "cpu": self = .cpu
    case "auto": self = count > 0 ? .cuda(0) : .cpu
    default:
      let parts = name.split(separator: ":", omittingEmptySubsequences: false)
      guard parts[0] == "cuda", parts.count <= 2, let index = parts.count == 2 ? Int(parts[1]) : 0, index >= 0 else {
        throw Fault(.usage, "unknown device", found: name, expected: "auto, cpu, cuda or cuda:N")
      }
      guard index < count else {
        throw Fault(
          .usage, "this machine has no such CUDA device", found: name, expected: "\(count) usable CUDA devices",
          remedy: count == 0 ? "use «cpu», or a libtorch built for CUDA" : "use «cuda:0»")
      }
      self = .cuda(index)
    }
  }

  /// The number of libtorch's device for tensors without memory.
  private static let meta: Int64 = 14

  init(code: Int64) { self = code >> 8 == 1 ? .cuda(Int(code & 0xff) - 1) : .cpu }

  var code: Int64 {
    switch self {
    case .cpu: AbstractTensors.isActive ? Self.meta << 8 : 0
    case .cuda(let index): 1 << 8 | Int64(index + 1)
    }
  }

  /// The name of the device, `cpu` or `cuda:N`.
  public var description: String {
    switch self {
    case .cpu: "cpu"
    case .cuda(let index): "cuda:\(index)"
    }
  }
}
