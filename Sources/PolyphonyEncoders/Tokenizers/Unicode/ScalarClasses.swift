/// The properties of a scalar that tokenizers ask for, as the Unicode tables of `tokenizers` have them.
///
/// The parts of that library stand on different versions of Unicode. A scalar that is younger than a version has no
/// property there. BERT's punctuation, marks and controls are those of Unicode 8, accents those of Unicode 9, and
/// letters, numbers and words those of Unicode 16. The few scalars whose category has changed since are listed here.
struct ScalarClasses: OptionSet, Sendable {
  let rawValue: UInt16

  static let whitespace = ScalarClasses(rawValue: 1)
  /// ASCII punctuation and symbols, and the categories `P*`.
  static let punctuation = ScalarClasses(rawValue: 2)
  /// Category `Mn`, which BERT strips as accents.
  static let accent = ScalarClasses(rawValue: 4)
  /// Categories `M*`, which `StripAccents` strips.
  static let mark = ScalarClasses(rawValue: 8)
  /// Categories `Cc`, `Cf` and `Co` apart from tab and line ends, which BERT removes.
  static let control = ScalarClasses(rawValue: 16)
  static let letter = ScalarClasses(rawValue: 32)
  static let number = ScalarClasses(rawValue: 64)
  /// `\w` of Rust's regular expressions.
  static let word = ScalarClasses(rawValue: 128)
  /// Categories `N*` of the newest Unicode, `char::is_numeric` of Rust.
  static let numeric = ScalarClasses(rawValue: 256)
  static let decimal = ScalarClasses(rawValue: 512)
  static let uppercase = ScalarClasses(rawValue: 1024)
  static let lowercase = ScalarClasses(rawValue: 2048)

  /// The classes of the basic plane, which nearly all text is of.
  private static let plane: [ScalarClasses] = (UInt32(0)..<0x10000).map { value in
    Unicode.Scalar(value).map { ScalarClasses(computing: $0) } ?? []
  }
  /// The first part of the plane by itself, so that a program with English text does not compute the rest.
  private static let ascii: [ScalarClasses] = (UInt8(0)..<128).map { ScalarClasses(computing: Unicode.Scalar($0)) }

  /// Looks up the classes of a scalar.
  @inline(__always)
  init(_ scalar: Unicode.Scalar) {
    if scalar.value < 128 {
      self = Self.ascii[Int(scalar.value)]
    } else if scalar.value < 0x10000 {
      self = Self.plane[Int(scalar.value)]
    } else {
      self.init(computing: scalar)
    }
  }

  init(rawValue: UInt16) { self.rawValue = rawValue }

  private init(computing scalar: Unicode.Scalar) {
    let properties = scalar.properties
    let category = properties.generalCategory
    let age = properties.age?.major ?? .max
    var classes: ScalarClasses = []
    if properties.isWhitespace { classes.insert(.whitespace) }
    if age <= 8 { classes.formUnion(Self.ofUnicode8(scalar, category)) }
    if age <= 9 ? category.isMark && scalar.value != 0x111C9 : false { classes.insert(.mark) }
    if scalar.value == 0x1CF2 || scalar.value == 0x1CF3 { classes.insert(.mark) }
    if category.isNumber { classes.insert(.numeric) }
    if age <= 16 {
      if category.isLetter { classes.insert(.letter) }
      if category.isNumber { classes.insert(.number) }
      if category == .decimalNumber { classes.insert(.decimal) }
      if category == .uppercaseLetter { classes.insert(.uppercase) }
      if category == .lowercaseLetter { classes.insert(.lowercase) }
      if properties.isAlphabetic || properties.isJoinControl || category.isMark || category == .decimalNumber
        || category == .connectorPunctuation
      {
        classes.insert(.word)
      }
    }
    self = classes
  }

  private static func ofUnicode8(_ scalar: Unicode.Scalar, _ category: Unicode.GeneralCategory) -> ScalarClasses {
    switch scalar.value {
    case 0x09, 0x0A, 0x0D: return []
    case 0x1734, 0x1171E: return .accent
    case 0x1885, 0x1886, 0xA9BD: return []
    case 0x166D, 0x111C9: return .punctuation
    case 0x24, 0x2B, 0x3C...0x3E, 0x5E, 0x60, 0x7C, 0x7E: return .punctuation
    default: break
    }
    switch category {
    case .nonspacingMark: return .accent
    case .control, .format, .privateUse: return .control
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
      .finalPunctuation, .otherPunctuation:
      return .punctuation
    default: return []
    }
  }
}

extension Unicode.GeneralCategory {
  fileprivate var isMark: Bool { self == .nonspacingMark || self == .spacingMark || self == .enclosingMark }
  fileprivate var isNumber: Bool { self == .decimalNumber || self == .letterNumber || self == .otherNumber }
  fileprivate var isLetter: Bool {
    switch self {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }
}

extension Unicode.Scalar {
  @inline(__always)
  func has(_ classes: ScalarClasses) -> Bool { !ScalarClasses(self).isDisjoint(with: classes) }
}
