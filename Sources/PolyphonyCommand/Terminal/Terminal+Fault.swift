import Polyphony
import Torch

extension Terminal {
  /// Prints an error on standard error.
  ///
  /// - Returns: The program's exit code.
  static func report(_ error: any Error) -> Int32 {
    let fault = error as? Fault ?? Fault(.failure, "\(error)")
    write(fault.rendered(isColored: isColored))
    return fault.kind.exitCode
  }
}
