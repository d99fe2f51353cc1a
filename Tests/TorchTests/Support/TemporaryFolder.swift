import Foundation

/// Runs a test in its own folder, and removes the folder afterwards.
func withTemporaryFolder<Result>(_ body: (_ folder: String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("polyphony-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

/// The names in a folder, sorted.
func names(in folder: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}

/// The text of a file. Nil for a missing file.
func text(of path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
