/// What went wrong with something a user gave, as data: every other room throws it, the program renders it.
///
/// A fault names the thing (`file`, `key`), what was `found` there, what was `expected`, and the `remedy`.
/// Programming errors (a wrong shape inside the library) are not faults; they trap.
public struct Fault: Error, Equatable, Sendable {
  /// The family of a fault; decides the exit code of the program (sysexits).
  public enum Kind: String, Sendable {
    /// Options or recipe keys that make no sense (64).
    case usage
    /// A file that was read but holds something wrong (65).
    case badData
    /// A file or folder that is not there (66).
    case missingInput
    /// An output that cannot be created or written (73).
    case cannotWrite
    /// Everything else: libtorch is absent, memory is out, a loss is not a number (70).
    case failure
  }

  /// The family of the fault.
  public var kind: Kind
  /// One sentence that says what is wrong, without a full stop.
  public var problem: String
  /// The file or folder concerned.
  public var file: String?
  /// The tensor, option or recipe key concerned.
  public var key: String?
  /// What stands there.
  public var found: String?
  /// What should stand there.
  public var expected: String?
  /// What the user can do about it.
  public var remedy: String?

  /// Makes a fault; everything but its kind and problem may be left out.
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
