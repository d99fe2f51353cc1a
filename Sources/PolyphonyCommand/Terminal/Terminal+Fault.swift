import Polyphony
import Torch

extension Terminal {
  /// Prints an error on standard error.
  ///
  /// - Returns: The exit code that the program ends with.
  static func report(_ error: any Error) -> Int32 {
    let fault = error as? Fault ?? Fault(.failure, "\(error)")
    write(fault.rendered(isColored: isColored))
    return fault.kind.exitCode
  }
}
