import Foundation

/// Runs a test in a folder of its own, which is removed afterwards.
func withTemporaryFolder<Result>(_ body: (_ folder: String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("polyphony-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}
