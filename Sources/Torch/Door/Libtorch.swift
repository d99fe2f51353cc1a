import CTorchInterface
import Foundation

/// The loaded libtorch: its version, its build, its threads and its seed.
///
/// ```swift
/// try Libtorch.load()
/// Libtorch.threadCount = 4
/// Libtorch.seed(17)
/// print(Libtorch.version, Libtorch.arithmetic)
/// ```
public enum Libtorch {
  /// Loads libtorch.
  ///
  /// Every other symbol of this module loads libtorch on first use and ends the process if that fails. A program that
  /// wants to report the error calls this function first.
  /// - Throws: `Fault` of kind `failure` that names the folder, its content and the remedy. The kind is `usage` if
  ///   the environment selects kernels that this processor lacks.
  public static func load() throws(Fault) {
    _ = try Door.loaded.get()
    try Fused.checkEnvironment()
  }

  /// The folder from which libtorch is loaded.
  public static func folder() throws(Fault) -> String { try LibraryLocation.libtorch() }

  /// The version of the loaded libtorch, such as `2.13.0`.
  public static var version: String { describe(Door.table.loaded_version()) }

  /// The instruction set that libtorch's own kernels use, such as `AVX512`.
  public static var cpuCapability: String { String(cString: Door.table.cpu_capability()!) }

  /// The number of usable CUDA devices. It is 0 if this libtorch or this machine has none.
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

  /// Limits the threads of operators that the calling thread starts. Other threads keep theirs.
  package static func limitThisThread(to count: Int) { Door.table.limit_this_thread(Int32(count)) }

  /// The setting of how long threads of one operator wait for each other before they sleep, such as
  /// `GOMP_SPINCOUNT=4000`.
  ///
  /// ``load()`` sets this variable for the whole process, unless the environment has it or `OMP_WAIT_POLICY`: beside other
  /// work, threads that wait in a loop keep each other from the processor.
  public static var threadWaiting: String { SpinCount.description(in: ProcessInfo.processInfo.environment) }

  /// Makes operators without a deterministic form report an error, instead of giving different bits in each run.
  public static func requireDeterminism(_ value: Bool) { Door.table.set_deterministic(value) }

  /// Seeds libtorch's default generators and the stream of the fused dropout.
  public static func seed(_ seed: UInt64) {
    if let own = Generator.ofThread.value {
      try? own.restore(Generator(seed: seed).state)
    } else {
      Door.table.seed(seed)
    }
    DropoutStream.shared.state = .init(seed: seed, offset: 0)
  }

  /// Makes the process's allocator keep freed memory for the next training step.
  ///
  /// A training step allocates the same tensor sizes as the step before. By default glibc returns the larger blocks to
  /// the system, which then clears every page again. This costs up to a tenth of a step's time. The setting affects the
  /// whole process, so a program should decide on it and a library should not. It has no effect without glibc.
  public static func keepFreedMemory() { ctorch_keep_freed_memory() }

  /// Sets a handler that gets the description of a failed operator before the process ends.
  ///
  /// A program uses it to print one line and to leave with its own exit code. The handler must not return.
  public static func onFailure(_ handler: @escaping @Sendable (String) -> Never) { failureHandler.value = handler }

  static let failureHandler = Locked<(@Sendable (String) -> Never)?>(nil)

  static func describe(_ version: UInt64) -> String {
    "\(version >> 56 & 0xff).\(version >> 48 & 0xff).\(version >> 40 & 0xff)"
  }
}

extension Libtorch {
  /// The instruction set of Polyphony's own kernels on this processor: `avx512`, `avx2` or `plain`.
  public static var kernelInstructionSet: String { Fused.instructionSet }

  /// True if layers use Polyphony's own kernels where they can. `POLYPHONY_FUSED=0` switches them off.
  public static var usesOwnKernels: Bool { Fused.isEnabled }

  /// The properties of this machine that decide a result's bits, such as `2 threads, AVX512, own kernels avx512`.
  public static var arithmetic: String {
    let own = usesOwnKernels ? "own kernels \(kernelInstructionSet)" : "no own kernels"
    return "\(threadCount) thread\(threadCount == 1 ? "" : "s"), \(cpuCapability), \(own)"
  }
}

extension Libtorch {
  /// The folder of the program or library that contains this code.
  public static var programFolder: String { LibraryLocation.ownFolder }

  /// The file of the program or library that contains this code.
  package static var programPath: String { LibraryLocation.ownPath }
}
