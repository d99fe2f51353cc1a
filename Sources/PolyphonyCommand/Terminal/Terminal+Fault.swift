import Polyphony
import Torch

extension Terminal {
  /// Prints an error on standard error. A worker gives it to the command that started it.
  ///
  /// - Returns: The program's exit code.
  static func report(_ error: any Error) -> Int32 {
    let fault = error as? Fault ?? Fault(.failure, "\(error)")
    if let worker = CellWorker.current {
      worker.send(fault)
      return fault.kind.exitCode
    }
    let speaker = ProcessGroup.current.flatMap { $0.rank > 0 ? "rank \($0.rank): " : nil } ?? ""
    write(speaker + fault.rendered(isColored: isColored))
    return fault.kind.exitCode
  }
}
