import Polyphony

/// The checks of an archive's sizes before anything is unpacked.
extension ZipArchive {
  /// The greatest factor by which deflate shrinks data, from zlib's documentation.
  private static let greatestFactor = 1032

  /// The number of bytes that the compressed arrays need on the disk. The largest integer stands for any more.
  var unpackedSize: Int {
    members.filter { $0.method != 0 }.reduce(0) { sum, member in
      let (total, overflow) = sum.addingReportingOverflow(member.size)
      return overflow ? .max : total
    }
  }

  /// Refuses members that cannot have their size, and members that share their data.
  /// - Throws: `Fault(.badData)`.
  func checkSizes() throws(Fault) {
    var left = file.size
    for member in members {
      guard member.size >= 0, member.compressed >= 0, member.compressed <= left else {
        throw Self.broken(file, "members of more bytes than the file has", "members side by side")
      }
      left -= member.compressed
      let most = member.compressed * (member.method == 0 ? 1 : Self.greatestFactor)
      guard member.size <= most else {
        throw Self.broken(file, "\(member.name) of \(member.size) bytes", "at most \(most), from \(member.compressed)")
      }
    }
  }
}
