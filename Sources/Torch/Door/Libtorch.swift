import CTorchInterface
import Foundation

/// libtorch as a whole: loading it, what it is, and its threads.
public enum Libtorch {
  /// Loads libtorch.
  ///
  /// Everything else in this module loads it by itself when first used, and traps where that fails.
  /// - Throws: `Fault` of kind `failure` that names the folder, what was found there and the remedy; of kind `usage`
  ///   where the environment asks for kernels that are not there.
  public static func load() throws(Fault) {
    _ = try Door.loaded.get()
    try Fused.checkEnvironment()
  }

  /// The folder that libtorch is taken from.
  public static func folder() throws(Fault) -> String { try LibraryLocation.libtorch() }

  /// The version of the loaded libtorch, such as `2.13.0`.
  public static var version: String { describe(Door.table.loaded_version()) }

  /// The instruction set that libtorch's own kernels use, such as `AVX512`.
  public static var cpuCapability: String { String(cString: Door.table.cpu_capability()!) }

  /// The number of CUDA devices that can be used; 0 where this libtorch or this machine has none.
  public static var cudaDeviceCount: Int { Int(Door.table.cuda_device_count()) }

  /// libtorch's description of its own build.
  public static var configuration: String {
    guard let text = Door.table.configuration() else { return "" }
    defer { free(text) }
    return String(cString: text)
  }

  /// The number of threads that one operator may use.
  public static var threadCount: Int {
    get { Int(Door.table.thread_count()) }
    set {
      if let message = Door.message({ _ = Door.table.set_thread_count(Int32(newValue), $0) }) { Door.fail(message) }
    }
  }

  /// Makes operators without a deterministic form report an error instead of giving other bits each time.
  public static func requireDeterminism(_ value: Bool) { Door.table.set_deterministic(value) }

  /// Seeds every random generator: libtorch's default ones and the stream of the fused dropout.
  public static func seed(_ seed: UInt64) {
    Door.table.seed(seed)
    DropoutStream.shared.state = .init(seed: seed, offset: 0)
  }

  /// Makes the process's allocator keep freed memory for the next step.
  ///
  /// A training step frees the same tensors that the next one asks for. glibc gives the larger ones back to the system in
  /// between, which then clears every page anew: up to a tenth of a step's time. It concerns the whole process, so it is
  /// for programs to decide, not for a library. Does nothing elsewhere than with glibc.
  public static func keepFreedMemory() { ctorch_keep_freed_memory() }

  /// Called with a description when an operator fails, before the process ends.
  ///
  /// A program sets it to print one line and leave with its own exit code; it must not return.
  public static func onFailure(_ handler: @escaping @Sendable (String) -> Never) { failureHandler.value = handler }

  static let failureHandler = Locked<(@Sendable (String) -> Never)?>(nil)

  static func describe(_ version: UInt64) -> String {
    "\(version >> 56 & 0xff).\(version >> 48 & 0xff).\(version >> 40 & 0xff)"
  }
}

extension Libtorch {
  /// The instruction set that our own kernels use here: `avx512`, `avx2` or `plain`.
  public static var kernelInstructionSet: String { Fused.instructionSet }

  /// Whether layers run on our own kernels where they can; `POLYPHONY_FUSED=0` switches them off.
  public static var usesOwnKernels: Bool { Fused.isEnabled }

  /// What the bits of a result depend on besides the seed, such as `2 threads, AVX512, own kernels avx512`.
  public static var arithmetic: String {
    let own = usesOwnKernels ? "own kernels \(kernelInstructionSet)" : "no own kernels"
    return "\(threadCount) thread\(threadCount == 1 ? "" : "s"), \(cpuCapability), \(own)"
  }
}

extension Libtorch {
  /// The folder of the program or library that this code was linked into.
  public static var programFolder: String { LibraryLocation.ownFolder() }
}
