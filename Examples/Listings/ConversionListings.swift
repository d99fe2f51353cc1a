import Polyphony
import PolyphonyConversion

/// The listings in the comments of `PolyphonyConversion`, compiled.
public enum ConversionListings {
  /// Converts one of MMSA's files.
  public static func convert() throws(Fault) {
    let options = ConversionOptions(inputs: ["unaligned_50.pkl"], output: "Data/mosi")
    let outcome = try DatasetConversion.run(options) { print("\($0.split): \($0.done) of \($0.total) bytes") }
    for note in outcome.notes { print(note) }
  }

  /// Sets the options of a conversion.
  public static func options() throws(Fault) -> ConversionOptions {
    var options = ConversionOptions(inputs: ["features.npz"], output: "Data/gestures")
    options.task = .classification
    options.target = "gesture"
    options.modalities = [try .init(parsing: "pose=joints"), try .init(parsing: "audio")]
    options.ratios = try ConversionOptions.ratios(parsing: "0.8,0.1,0.1")
    return options
  }
}
