import CTorchInterface
import Foundation

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// The one way to libtorch: the table of C functions, loaded when first needed.
enum Door {
  /// The table is never changed once filled.
  struct Table: @unchecked Sendable { let functions: ctorch_interface }

  /// The table. Traps where libtorch cannot be loaded; a program calls ``Libtorch/load()`` first and handles its error.
  nonisolated(unsafe) static let table: ctorch_interface = {
    switch loaded {
    case .success(let table): return table.functions
    case .failure(let fault): fail("\(fault.problem)\(fault.remedy.map { "; \($0)" } ?? "")")
    }
  }()

  static let loaded: Result<Table, Fault> = {
    do {
      return .success(Table(functions: try load()))
    } catch let fault as Fault {
      return .failure(fault)
    } catch {
      return .failure(Fault(.failure, "libtorch could not be loaded: \(error)"))
    }
  }()

  private static func load() throws(Fault) -> ctorch_interface {
    let libtorch = try LibraryLocation.libtorch()
    SpinCount.choose()
    // Opened by path first, so that CTorch's own reference is met by this copy wherever it was built against.
    for name in ["c10", "torch_cpu"] {
      try open(LibraryLocation.library(name, in: libtorch), libtorch: libtorch)
    }
    // Registers the CUDA kernels where this libtorch has them; its absence is the usual case.
    _ = dlopen(LibraryLocation.library("torch_cuda", in: libtorch), RTLD_NOW | RTLD_GLOBAL)
    let door = try open(try LibraryLocation.door(), libtorch: libtorch)
    guard let symbol = dlsym(door, "ctorch_interface_table") else {
      throw mismatch(libtorch, found: "a CTorch without its entry")
    }
    let table = unsafeBitCast(symbol, to: ctorch_entry.self)()!.pointee
    let version = Libtorch.describe(table.loaded_version())
    let built = String(cString: table.built_version)
    guard table.interface_version == UInt32(CTORCH_INTERFACE_VERSION), version == built else {
      throw mismatch(libtorch, found: version, expected: built)
    }
    return table
  }

  @discardableResult
  private static func open(_ path: String, libtorch: String) throws(Fault) -> UnsafeMutableRawPointer {
    guard let handle = dlopen(path, RTLD_NOW | RTLD_GLOBAL) else {
      throw mismatch(libtorch, found: String(cString: dlerror()))
    }
    return handle
  }

  private static func mismatch(_ libtorch: String, found: String, expected: String = "2.13") -> Fault {
    let declared = LibraryLocation.declaredVersion(in: libtorch).map { "version \($0): " } ?? ""
    return Fault(
      .failure, "this libtorch cannot be used", file: libtorch, found: declared + found,
      expected: "libtorch \(expected), which Polyphony was built with",
      remedy: "run «make setup» and «make build» again, or point LIBTORCH at a libtorch \(expected)")
  }

  /// Reports a programming error and ends the process, through ``Libtorch/onFailure`` where a program has set it.
  static func fail(_ message: String) -> Never {
    if let handler = Libtorch.failureHandler.value { handler(message) }
    fatalError(message)
  }

  /// Calls `body` with a place for a C error message and returns that message, if one was left.
  @inline(__always)
  static func message(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Void) -> String? {
    var error: UnsafeMutablePointer<CChar>?
    body(&error)
    guard let error else { return nil }
    defer { free(error) }
    return String(cString: error)
  }
}
