import Polyphony

/// The header of an `.npy` file: a Python dictionary of three known keys. The parser evaluates nothing.
struct NumPyHeader {
  /// A part of the header that could not be read.
  struct Failure: Error {
    var found: String
  }

  private(set) var descriptor = ""
  private(set) var isFortran = false
  private(set) var shape: [Int] = []

  /// Reads a header such as `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, padded with spaces.
  init(parsing bytes: [UInt8]) throws(Failure) {
    var text = Substring(String(decoding: bytes, as: UTF8.self))
    func skipSpace() { text = text.drop { $0 == " " || $0 == "\n" || $0 == "\t" } }
    func take(_ token: String) -> Bool {
      skipSpace()
      guard text.hasPrefix(token) else { return false }
      text = text.dropFirst(token.count)
      return true
    }
    func failure() -> Failure { Failure(found: text.isEmpty ? "its end" : "«\(text.prefix(40))»") }
    func expect(_ token: String) throws(Failure) { guard take(token) else { throw failure() } }
    func string() throws(Failure) -> String {
      skipSpace()
      guard let quote = text.first, quote == "'" || quote == "\"" else { throw failure() }
      let rest = text.dropFirst()
      guard let end = rest.firstIndex(of: quote) else { throw failure() }
      defer { text = rest[rest.index(after: end)...] }
      return String(rest[..<end])
    }
    func integers() throws(Failure) -> [Int] {
      try expect("(")
      var values: [Int] = []
      while !take(")") {
        skipSpace()
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let value = Int(digits), values.count < 64 else { throw failure() }
        values.append(value)
        text = text.dropFirst(digits.count)
        // Python 2 wrote a letter after long integers.
        _ = take("L")
        if !take(",") {
          try expect(")")
          break
        }
      }
      return values
    }
    try expect("{")
    var seen: Set<String> = []
    while !take("}") {
      let key = try string()
      guard seen.insert(key).inserted else { throw failure() }
      try expect(":")
      switch key {
      case "descr": descriptor = try string()
      case "fortran_order":
        isFortran = take("True")
        if !isFortran { try expect("False") }
      case "shape": shape = try integers()
      default: throw Failure(found: "the key \(key)")
      }
      if !take(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard text.isEmpty else { throw failure() }
    guard seen.count == 3 else { throw Failure(found: "the keys \(seen.sorted().joined(separator: ", "))") }
  }
}
