import Foundation
import Testing

/// Runs the program as a user does: a process with arguments, two streams and an exit code.
struct Program {
  /// The exit code and the streams of a finished process.
  struct Outcome {
    var code: Int32
    var output: String
    var errors: String
  }

  /// The path of the program: `POLYPHONY`, or else the one beside the test bundle.
  static let path: String = {
    if let path = ProcessInfo.processInfo.environment["POLYPHONY"] { return path }
    let bundle = Bundle.module.bundlePath as NSString
    return bundle.deletingLastPathComponent + "/polyphony"
  }()

  /// Runs it to its end; a variable of the environment that is nil here is taken out.
  static func run(
    _ arguments: [String], in current: String? = nil, environment: [String: String?] = [:],
    executable: String = path, stopAfter: ((Process) -> Void)? = nil
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    if let current { process.currentDirectoryURL = URL(fileURLWithPath: current) }
    var variables = ProcessInfo.processInfo.environment
    // Several programs run side by side. With one thread each they do not wait for each other.
    variables["OMP_NUM_THREADS"] = "1"
    for (name, value) in environment { variables[name] = value }
    process.environment = variables
    let folder = NSTemporaryDirectory() + "program-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // The streams go to files. A pipe would have to be drained.
    for name in ["output", "errors"] { _ = FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: nil) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: "\(folder)/output")
    process.standardError = FileHandle(forWritingAtPath: "\(folder)/errors")
    try process.run()
    stopAfter?(process)
    process.waitUntilExit()
    return Outcome(
      code: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
      output: try String(contentsOfFile: "\(folder)/output", encoding: .utf8),
      errors: try String(contentsOfFile: "\(folder)/errors", encoding: .utf8))
  }

  /// Runs the program, and ends the test without success.
  @discardableResult
  static func succeed(
    _ arguments: [String], in current: String? = nil, environment: [String: String?] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Outcome {
    let outcome = try run(arguments, in: current, environment: environment)
    try #require(outcome.code == 0, "\(arguments): \(outcome.errors)", sourceLocation: sourceLocation)
    return outcome
  }
}

/// The bytes of every file below a folder, by relative path.
func contents(of folder: String, ignoring ignored: (String) -> Bool = { _ in false }) throws -> [String: Data] {
  var result: [String: Data] = [:]
  for path in try FileManager.default.subpathsOfDirectory(atPath: folder) where !ignored(path) {
    var isFolder: ObjCBool = false
    let full = "\(folder)/\(path)"
    if FileManager.default.fileExists(atPath: full, isDirectory: &isFolder), !isFolder.boolValue {
      result[path] = FileManager.default.contents(atPath: full)
    }
  }
  return result
}
