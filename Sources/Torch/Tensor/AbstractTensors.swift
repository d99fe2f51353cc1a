/// Tensors with a type and a shape but without memory, on libtorch's device `meta`.
///
/// They say which tensors a module would have, however large it is.
package enum AbstractTensors {
  private static let isActiveHere = ThreadLocal(false)
  /// The number of threads that make such tensors. A look at the thread's own value takes longer.
  private static let active = Locked(0)

  /// True if tensors of main memory are made without memory on this thread.
  static var isActive: Bool { active.value > 0 && isActiveHere.value }

  /// Runs `body`. The tensors that it makes in main memory have none. Their elements must not be read.
  package static func make<Result>(_ body: () throws(Fault) -> Result) throws(Fault) -> Result {
    active.update { $0 += 1 }
    defer { active.update { $0 -= 1 } }
    return try isActiveHere.withValue(true) { Swift.Result { () throws(Fault) in try body() } }.get()
  }
}
