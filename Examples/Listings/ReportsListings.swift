import Polyphony
import PolyphonyReports

/// The listings in the comments of `PolyphonyReports`, compiled.
public enum ReportsListings {
  /// Writes the report of a comparison.
  public static func report() throws(Fault) {
    let report = try Report(folder: "runs/comparison", metric: "accuracy", reference: "joint")
    try report.write(to: report.standardFile)
    try report.tables?.write(to: "runs/comparison")
  }

  /// Writes the tables of a comparison.
  public static func tables() throws(Fault) {
    if let tables = try Report(folder: "runs/comparison", metric: "accuracy").tables {
      print(tables.markdown)
      try tables.write(to: "paper/tables")
    }
  }
}
