/// An error about something that a user gave, as data. Every target throws it, and the program prints it.
///
/// A fault names the thing (`file`, `key`), the value `found` there, the value `expected`, and the `remedy`.
/// Programming errors (a wrong shape inside the library) are not faults, and they trap.
///
/// ```swift
/// guard rate > 0 else {
///   throw Fault(
///     .usage, "a setting is out of range", key: "training.rate", found: "\(rate)", expected: "a number above 0",
///     remedy: "use 0.001 to begin with")
/// }
/// ```
public struct Fault: Error, Equatable, Sendable {
  /// The kind of a fault, which decides the program's exit code (sysexits).
  public enum Kind: String, Sendable {
    /// Options or recipe keys that make no sense (64).
    case usage
    /// A file that was read but has wrong content (65).
    case badData
    /// A file or folder that does not exist (66).
    case missingInput
    /// An output that cannot be created or written (73).
    case cannotWrite
    /// Any other failure, such as an absent libtorch, exhausted memory or a loss that is not a number (70).
    case failure
  }

  /// The kind of the fault.
  public var kind: Kind
  /// The problem as one sentence without a full stop.
  public var problem: String
  /// The file or folder of the problem.
  public var file: String?
  /// The tensor, option or recipe key of the problem.
  public var key: String?
  /// The value that was found.
  public var found: String?
  /// The value that was expected.
  public var expected: String?
  /// The user's next step towards a solution.
  public var remedy: String?

  /// Makes a fault. Only its kind and problem are required.
  public init(
    _ kind: Kind, _ problem: String, file: String? = nil, key: String? = nil,
    found: String? = nil, expected: String? = nil, remedy: String? = nil
  ) {
    self.kind = kind
    self.problem = problem
    self.file = file
    self.key = key
    self.found = found
    self.expected = expected
    self.remedy = remedy
  }
}
