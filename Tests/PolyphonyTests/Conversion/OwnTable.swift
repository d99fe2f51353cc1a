/// Tables as practitioners save them from pandas.
enum OwnTable {
  /// A table with an index, two sensors of two columns with gaps, a subject, a text label and a comment.
  static func pandas(rows: Int, subjects: Int = 8) -> String {
    var lines = [",hr_mean,hr_std,gsr_mean,gsr_std,subject,label,comment"]
    for row in 0..<rows {
      let label = row / subjects % 2 == 0 ? "calm" : "stress"
      let heart = row % 7 == 3 ? "" : "\(60 + row % 13 + (label == "calm" ? 0 : 20))"
      lines.append("\(row),\(heart),\(row % 5),0.\(row % 9),\(row % 3),s\(row % subjects),\(label),a word")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A table whose columns have no prefixes, with targets from `target`.
  static func bare(rows: Int, target: (Int) -> Int) -> String {
    "hr,gsr,label\n" + (0..<rows).map { "\($0 % 11),\($0 % 7),\(target($0))\n" }.joined()
  }
}
