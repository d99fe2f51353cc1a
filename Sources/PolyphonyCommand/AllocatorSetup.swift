#if canImport(Glibc)
  import Glibc
#endif

/// How the process's allocator deals with memory that was freed.
enum AllocatorSetup {
  /// Keeps what was freed for the next step.
  ///
  /// A training step frees the same tensors that the next one asks for. glibc gives the larger ones back to the system in
  /// between, which then has to clear every page anew: a tenth of a step's time in the profile of CGGM. A matter of the
  /// program, not of the library, whose host may think otherwise.
  static func keepFreedMemory() {
    #if canImport(Glibc)
      mallopt(M_MMAP_THRESHOLD, 32 << 20)
      mallopt(M_TRIM_THRESHOLD, Int32.max)
      mallopt(M_TOP_PAD, 16 << 20)
    #endif
  }
}
