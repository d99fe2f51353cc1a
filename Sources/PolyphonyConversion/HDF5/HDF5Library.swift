import Foundation
import Polyphony

/// The system's HDF5 library. The reader of such a file loads it, so nothing else depends on it.
///
/// Not every build of the library is safe to call from two threads, so every call goes through `locked(_:)`. The
/// library parses the file itself, so a stranger's file is only as safe as the library.
final class HDF5Library: @unchecked Sendable {
  /// `hid_t`, which has 64 bits since version 1.10.
  typealias ID = Int64

  /// The functions that the reader needs.
  let functions: HDF5Functions
  /// The library's version.
  let version: String
  private let lock = NSRecursiveLock()

  private static let shared: Result<HDF5Library, Fault> = Result { () throws(Fault) in try HDF5Library() }

  /// Returns the library and loads it once.
  /// - Throws: `Fault(.failure)` with the package to install.
  static func load(for file: String) throws(Fault) -> HDF5Library {
    do throws(Fault) {
      return try shared.get()
    } catch {
      throw Fault(
        error.kind, error.problem, file: file, key: error.key, found: error.found, expected: error.expected,
        remedy: error.remedy)
    }
  }

  /// True if the library is available.
  static var isAvailable: Bool { if case .success = shared { true } else { false } }

  /// The names of the library: first for the loader's own search, then the paths of package managers on macOS.
  /// The numbers are those of versions 1.10, 1.12, 1.14 and 2.0. Debian and Ubuntu call the usual build `serial`.
  private static var names: [String] {
    if let path = ProcessInfo.processInfo.environment["LIBHDF5"], !path.isEmpty { return [path] }
    #if canImport(Darwin)
      return ["/opt/homebrew/lib", "/usr/local/lib", "/opt/local/lib"].map { "\($0)/libhdf5.dylib" }
        + ["libhdf5.dylib"]
    #else
      let endings = ["", ".320", ".310", ".200", ".103"]
      return ["libhdf5_serial.so", "libhdf5.so"].flatMap { name in endings.map { name + $0 } }
    #endif
  }

  private init() throws(Fault) {
    guard let handle = Self.names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first else {
      let isNamed = ProcessInfo.processInfo.environment["LIBHDF5"]?.isEmpty == false
      throw Fault(
        .failure, "the file is HDF5, and that library is not installed", key: isNamed ? "LIBHDF5" : nil,
        found: isNamed ? Self.names[0] : nil, expected: "HDF5 1.10 or newer",
        remedy: "install it (Debian: apt install libhdf5-103-1; macOS: brew install hdf5), name it in LIBHDF5, or in "
          + "Python: f = h5py.File(path); np.savez('data.npz', text=f['text'][()], …)")
    }
    functions = try HDF5Functions(handle)
    var (major, minor, release): (CUnsignedInt, CUnsignedInt, CUnsignedInt) = (0, 0, 0)
    guard functions.open() >= 0, functions.version(&major, &minor, &release) >= 0 else {
      throw Fault(.failure, "the HDF5 library refuses to work", expected: "HDF5 1.10 or newer")
    }
    version = "\(major).\(minor).\(release)"
    // Identifiers of older versions have 32 bits.
    guard (major, minor) >= (1, 10) else {
      throw Fault(
        .failure, "the HDF5 library is too old", found: version, expected: "1.10 or newer",
        remedy: "install a newer one, and name it in LIBHDF5 if it lies elsewhere")
    }
  }

  /// Runs calls that no other thread may interrupt. The library's own reports stay off standard error.
  func locked<Value>(_ body: (HDF5Functions) throws(Fault) -> Value) throws(Fault) -> Value {
    lock.lock()
    defer { lock.unlock() }
    _ = functions.reportErrors(0, nil, nil)
    return try body(functions)
  }

  /// Returns the library's description of the last call, the innermost of its reports first.
  func lastError() -> String {
    final class Words { var texts: [String] = [] }
    let words = Words()
    lock.lock()
    defer { lock.unlock() }
    _ = functions.walkErrors(
      0, 0,
      { _, entry, context in
        // `H5E_error2_t` has three identifiers, a line, the names of function and file, and at byte 48 the description.
        guard let entry, let context, let text = entry.load(fromByteOffset: 48, as: UnsafePointer<CChar>?.self) else {
          return 0
        }
        Unmanaged<Words>.fromOpaque(context).takeUnretainedValue().texts.append(String(cString: text))
        return 0
      }, Unmanaged.passUnretained(words).toOpaque())
    // Reports about the search for plugins do not concern the file.
    let texts = words.texts.filter { !$0.contains("search in path") && !$0.contains("open directory") }
    return texts.isEmpty ? "no reason" : "«\(texts.prefix(3).joined(separator: "; ").prefix(300))»"
  }
}

/// An open object of an HDF5 file. It is closed with its last reference.
final class HDF5Object {
  let library: HDF5Library
  let id: HDF5Library.ID

  /// Takes over an identifier. It is nil if the library returned none.
  init?(_ library: HDF5Library, _ id: HDF5Library.ID) {
    guard id >= 0 else { return nil }
    (self.library, self.id) = (library, id)
  }

  deinit { _ = try? library.locked { (functions) throws(Fault) in functions.release(id) } }
}
