import Foundation

/// The way in which a process ended.
package enum ProcessEnd: Equatable, Sendable {
  /// The process left with a status.
  case status(Int32)
  /// A signal ended the process.
  case signal(Int32)

  /// Takes the number that `waitpid` gives. Its lower 7 bits are a signal, and the next 8 bits are a status.
  package init(waited number: Int32) {
    let signal = number & 0x7f
    self = signal == 0 ? .status(number >> 8 & 0xff) : .signal(signal)
  }

  /// The status as a shell gives it: 128 + N after signal N.
  package var code: Int32 {
    switch self {
    case .status(let number): number
    case .signal(let number): 128 + number
    }
  }
}

extension ProcessEnd: CustomStringConvertible {
  /// The end in words, behind the name of a process.
  package var description: String {
    switch self {
    case .status(let number): "ended with status \(number)"
    case .signal(let number): "was ended by signal \(number) (\(String(cString: strsignal(number))))"
    }
  }
}
