import Foundation
import Polyphony

/// The system's HDF5 library, loaded when such a file is met, so that nothing else depends on it.
///
/// The library is not safe to call from two threads in every build, hence the lock: every call goes through
/// `locked(_:)`. What stands in a file is looked at by that library: a file from a stranger is as safe as it is.
final class HDF5Library: @unchecked Sendable {
  /// `hid_t`, which has 64 bits since version 1.10.
  typealias ID = Int64

  /// The functions that are called.
  let functions: HDF5Functions
  /// The library's version.
  let version: String
  private let lock = NSRecursiveLock()

  private static let shared: Result<HDF5Library, Fault> = Result { () throws(Fault) in try HDF5Library() }

  /// The library, loaded once.
  /// - Throws: `Fault(.failure)` that says what to install.
  static func load(for file: String) throws(Fault) -> HDF5Library {
    do throws(Fault) {
      return try shared.get()
    } catch {
      throw Fault(
        error.kind, error.problem, file: file, key: error.key, found: error.found, expected: error.expected,
        remedy: error.remedy)
    }
  }

  /// Whether the library is there.
  static var isAvailable: Bool { if case .success = shared { true } else { false } }

  /// Where the library is looked for: by the loader's own search, then where package managers of macOS put it.
  /// The numbers are those of versions 1.10, 1.12, 1.14 and 2.0; Debian and Ubuntu call the usual build `serial`.
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
    // Older versions have identifiers of 32 bits.
    guard (major, minor) >= (1, 10) else {
      throw Fault(
        .failure, "the HDF5 library is too old", found: version, expected: "1.10 or newer",
        remedy: "install a newer one, and name it in LIBHDF5 if it lies elsewhere")
    }
  }

  /// Runs calls that no other thread may interrupt; the library's own reports stay off standard error.
  func locked<Value>(_ body: (HDF5Functions) throws(Fault) -> Value) throws(Fault) -> Value {
    lock.lock()
    defer { lock.unlock() }
    _ = functions.reportErrors(0, nil, nil)
    return try body(functions)
  }

  /// What the library says of the last call, in its own words, the innermost of its reports first.
  func lastError() -> String {
    final class Words { var texts: [String] = [] }
    let words = Words()
    lock.lock()
    defer { lock.unlock() }
    _ = functions.walkErrors(
      0, 0,
      { _, entry, context in
        // `H5E_error2_t`: three identifiers, a line, the names of function and file, and at byte 48 the description.
        guard let entry, let context, let text = entry.load(fromByteOffset: 48, as: UnsafePointer<CChar>?.self) else {
          return 0
        }
        Unmanaged<Words>.fromOpaque(context).takeUnretainedValue().texts.append(String(cString: text))
        return 0
      }, Unmanaged.passUnretained(words).toOpaque())
    // Where it looked for plugins says nothing of the file.
    let texts = words.texts.filter { !$0.contains("search in path") && !$0.contains("open directory") }
    return texts.isEmpty ? "no reason" : "«\(texts.prefix(3).joined(separator: "; ").prefix(300))»"
  }
}

/// Something open in an HDF5 file, closed when nobody refers to it any more.
final class HDF5Object {
  let library: HDF5Library
  let id: HDF5Library.ID

  /// Takes over an identifier; nil where the library gave none.
  init?(_ library: HDF5Library, _ id: HDF5Library.ID) {
    guard id >= 0 else { return nil }
    (self.library, self.id) = (library, id)
  }

  deinit { _ = try? library.locked { (functions) throws(Fault) in functions.release(id) } }
}
