import Foundation

/// Advice to the system about the pages of a mapped file. No call changes what a reader sees.
extension SafetensorsFile {
  /// Gives the memory of a tensor's pages back to the system, which reads them again from the file on their next use.
  package func forget(_ name: String) {
    if let entry = self[name] { forget(bytes: entry.range) }
  }

  /// Gives the memory of some slices along a tensor's first axis back to the system.
  ///
  /// The system keeps them in its cache of files as long as no program needs the memory.
  package func forget(_ name: String, rows: Range<Int>) {
    if let bytes = bytes(of: rows, in: name) { forget(bytes: bytes) }
  }

  private func forget(bytes: Range<Int>) {
    let page = Int(getpagesize())
    let first = (bytes.lowerBound + page - 1) / page * page
    let end = bytes.upperBound / page * page
    guard first < end else { return }
    withPages(first..<end) { madvise($0, end - first, MADV_DONTNEED) }
  }

  private func bytes(of rows: Range<Int>, in name: String) -> Range<Int>? {
    guard let entry = self[name], let count = entry.shape.first, count > 0, rows.lowerBound >= 0,
      rows.upperBound <= count, !rows.isEmpty
    else { return nil }
    let size = entry.range.count / count
    return entry.range.lowerBound + rows.lowerBound * size..<entry.range.lowerBound + rows.upperBound * size
  }
}
