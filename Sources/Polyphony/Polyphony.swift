// A client of Polyphony meets faults, settings and tables in its interface, so `import Polyphony` brings them along.
@_exported import PolyphonyPresentation
@_exported import PolyphonySettings
@_exported import PolyphonySupport

/// The library's own facts.
public enum Polyphony {
  /// The version of library and program.
  public static let version = "0.1.0"
}
