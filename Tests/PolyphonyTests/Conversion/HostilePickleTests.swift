import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyConversion
@testable import PolyphonySupport

/// Harmful and broken pickles end in one fault that names the operation and its position.
@Suite struct HostilePickleTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    let mentions: [String]
    let limits: PickleLimits
    let hasLimits: Bool

    var testDescription: String { name }

    init(_ name: String, bytes: [UInt8], _ mentions: [String]) {
      (self.name, self.bytes, self.mentions, limits, hasLimits) = (name, bytes, mentions, PickleLimits(), false)
    }

    /// Makes a case from a text. Each letter gives the byte of the same number.
    init(_ name: String, _ text: String, _ mentions: [String], limits: PickleLimits? = nil) {
      (self.name, self.mentions, hasLimits) = (name, mentions, limits != nil)
      bytes = text.unicodeScalars.map { UInt8($0.value) }
      self.limits = limits ?? PickleLimits()
    }
  }

  private static func full(_ count: Int) -> String { String(repeating: "\u{ff}", count: count) }
  private static func zeros(_ count: Int) -> String { String(repeating: "\u{0}", count: count) }

  static let refused: [Case] = [
    Case("os.system", "cos\nsystem\n(S'true'\ntR.", ["os.system", "byte 0", "nothing was run"]),
    Case("os.system in protocol 4", "\u{80}\u{4}\u{8c}\u{2}os\u{8c}\u{6}system\u{93}.", ["os.system", "byte 14"]),
    Case("eval", "cbuiltins\neval\n(S'1'\ntR.", ["builtins.eval"]),
    Case("a file as array", "cnumpy\nmemmap\n.", ["numpy.memmap"]),
    Case("numpy's loader", "cnumpy\nload\n.", ["numpy.load"]),
    Case("torch", "ctorch._utils\n_rebuild_tensor_v2\n.", ["torch._utils._rebuild_tensor_v2"]),
    Case("objects of any class", "ccopy_reg\n_reconstructor\n.", ["copy_reg._reconstructor"]),
    Case("INST", "(ios\nsystem\n.", ["INST at byte 1"]),
    Case("OBJ", "(N" + "o.", ["OBJ at byte 2"]),
    Case("NEWOBJ", "N)\u{81}.", ["NEWOBJ at byte 2"]),
    Case("NEWOBJ_EX", "N)}\u{92}.", ["NEWOBJ_EX at byte 3"]),
    Case("PERSID", "Pname\n.", ["PERSID at byte 0"]),
    Case("BINPERSID", "NQ.", ["BINPERSID at byte 1"]),
    Case("EXT1", "\u{82}\u{1}.", ["EXT1 at byte 0"]),
    Case("EXT2", "\u{83}\u{1}\u{0}.", ["EXT2 at byte 0"]),
    Case("EXT4", "\u{84}\u{1}\u{0}\u{0}\u{0}.", ["EXT4 at byte 0"]),
    Case("a read-only buffer", "N\u{98}.", ["READONLY_BUFFER at byte 1"]),
    Case("items of a set", "(N\u{90}.", ["ADDITEMS at byte 2"]),
    Case("a frozen set", "(N\u{91}.", ["FROZENSET at byte 2"]),
    Case("BUILD of a name", "cnumpy\nndarray\n(I1\ntb.", ["a function for BUILD"]),
    Case("a name of two parts", "\u{80}\u{4}\u{8c}\u{8}builtins\u{8c}\u{c}__import__.x\u{93}.", ["__import__.x"]),
    Case("a name that is no text", "I1\nI2\n\u{93}.", ["STACK_GLOBAL", "a module and a name"]),
    Case("getattr", "cbuiltins\ngetattr\n.", ["builtins.getattr", "byte 0"]),
    Case("a refused call deep inside", "(dS'train'\n(dS'text'\ncos\nsystem\n(S'true'\ntRss.", ["os.system at byte 21"]),
    Case("a method of a class that is known", "cnumpy\nndarray.tofile\n.", ["numpy.ndarray.tofile"]),
    Case("a set", "\u{8f}.", ["EMPTY_SET"]),
    Case("a buffer out of band", "\u{97}.", ["NEXT_BUFFER"]),
    Case("an unknown operation", "\u{ff}.", ["byte 255"]),
    Case("protocol 6", "\u{80}\u{6}N.", ["protocol", "6"]),
    Case("a function that is no call", "(S'x'\nNR.", ["REDUCE"]),
    Case("a call of an array class", "cnumpy\nndarray\n(I3\ntR.", ["REDUCE"]),
    Case("dtype of nonsense", "cnumpy\ndtype\n(S'i4,i8'\nI0\nI1\ntR.", ["REDUCE", "i4,i8"]),
  ]

  static let broken: [Case] = [
    Case("empty after its protocol", "\u{80}\u{4}", ["cut off"]),
    Case("cut off in a text", "\u{80}\u{4}\u{8c}\u{10}ab", ["cut off", "16", "SHORT_BINUNICODE"]),
    Case("cut off in a line", "cos", ["cut off", "GLOBAL"]),
    Case("bytes of 2⁶⁴", "\u{8e}" + full(8), ["cut off", "BINBYTES8"]),
    Case("text of 2⁶³ − 1", "\u{8d}" + full(7) + "\u{7f}", ["cut off", "BINUNICODE8"]),
    Case("bytes of 2⁶⁰", "\u{8e}" + zeros(7) + "\u{10}", ["cut off", "BINBYTES8", "1152921504606846976"]),
    Case("a byte array of 2⁶⁰", "\u{96}" + zeros(7) + "\u{10}", ["cut off", "BYTEARRAY8"]),
    Case("a frame of 2⁶⁰", "\u{80}\u{4}\u{95}" + zeros(7) + "\u{10}N.", ["frame", "1152921504606846976"]),
    Case("text of one byte too many", "X\u{3}" + zeros(3) + "a.", ["cut off", "BINUNICODE"]),
    Case("bytes of 4 GB", "B" + full(4), ["cut off", "BINBYTES"]),
    Case("bytes of a negative length", "T" + full(4), ["cut off", "BINSTRING"]),
    Case("a frame beyond the end", "\u{80}\u{4}\u{95}" + full(7) + "\u{7f}", ["frame"]),
    Case(
      "a frame in a frame", "\u{95}\u{14}" + zeros(7) + "\u{95}" + zeros(30),
      ["frame"]),
    Case("nothing on the stack", ".", ["0 values"]),
    Case("too much on the stack", "NN.", ["2 values"]),
    Case("append to nothing", "Na.", ["APPEND"]),
    Case("append to a number", "I1\nNa.", ["APPEND", "an integer"]),
    Case("tuple without a mark", "Nt.", ["TUPLE"]),
    Case("a mark is no value", "(0(a.", ["APPEND"]),
    Case("an odd dictionary", "(Nd.", ["DICT", "pairs"]),
    Case("the memo's entry 5", "h\u{5}.", ["BINGET", "5"]),
    Case("a negative entry", "p-1\n.", ["PUT"]),
    Case("remember nothing", "q\u{0}.", ["BINPUT"]),
    Case("no number", "Ione\n.", ["INT", "one"]),
    Case("a number of 9 bytes", "\u{8a}\u{9}" + full(9) + ".", ["LONG1", "64 bits"]),
    Case("a number of 2³² bytes", "\u{8b}" + full(4), ["LONG4", "64 bits"]),
    Case("a number of 5000 digits", "I" + String(repeating: "1", count: 5000) + "\n.", ["limit", "letters"]),
    Case("state for a dictionary", "}(tb.", ["BUILD"]),
    Case("two pickles", "N.N.", ["behind", "2 bytes"]),
    Case("no dictionary", "].", ["no dictionary", "a list"]),
    Case("a string without quotes", "Sab\n.", ["STRING", "quotes"]),
    Case("broken UTF-8", "X\u{2}\u{0}\u{0}\u{0}\u{c3}(.", ["text", "UTF-8"]),
    Case("a broken escape", "V\\uZZZZ\n.", ["hexadecimal"]),
    Case(
      "an array larger than its bytes", bytes: emptyArray([1 << 40]),
      ["does not fit", "1099511627776"]),
    Case(
      "an array beyond counting",
      bytes: emptyArray([1 << 40, 1 << 40]), ["does not fit"]),
    Case("an array of one number too few", bytes: array([3], bytes: 8), ["does not fit", "f4 [3]"]),
    Case("an array of one number too many", bytes: array([1], bytes: 8), ["does not fit", "f4 [1]"]),
    Case("an array of half a number", bytes: array([2], bytes: 6), ["does not fit", "f4 [2]"]),
    Case("an array without extents", bytes: array([], bytes: 8), ["does not fit", "f4 []"]),
    Case("an array with an extent of 0", bytes: array([0, 2], bytes: 8), ["does not fit", "f4 [0, 2]"]),
    Case("an array of 65 extents", bytes: array(Array(repeating: 1, count: 65), bytes: 4), ["BUILD"]),
    Case(
      "an array of negative size", bytes: emptyArray([-1]), ["BUILD"]),
  ]

  static let bombs: [Case] = [
    Case("a list in itself", "]q\u{0}h\u{0}a.", ["contain themselves", "byte 5"]),
    Case("two lists in each other", "]q\u{0}]q\u{1}h\u{0}a0h\u{1}a.", ["contain themselves"]),
    Case("a list in its tuple", "]q\u{0}(h\u{0}ta.", ["contain themselves"]),
    Case("a dictionary in itself", "}q\u{0}Nh\u{0}s.", ["contain themselves"]),
    Case(
      "lists in lists", String(repeating: "]", count: 100_000) + String(repeating: "a", count: 99_999) + ".",
      ["64 nested"]),
    Case("tuples in tuples", "N" + String(repeating: "\u{85}", count: 100_000) + ".", ["64 nested"]),
    Case(
      "marks in marks", String(repeating: "(", count: 100_000) + String(repeating: "t", count: 100_000) + ".",
      ["64 nested"]),
    Case("a list of lists of lists", bytes: laughs, ["no samples", "a list with a list in it"]),
    Case("operations", String(repeating: "N0", count: 1000), ["1000 operations"], limits: .init(operations: 1000)),
    Case(
      "memo", "\u{80}\u{4}N" + String(repeating: "\u{94}", count: 300), ["memo"], limits: .init(memo: 200)),
    Case(
      "short texts", String(repeating: "\u{8c}\u{40}" + String(repeating: "a", count: 64) + "0", count: 100),
      ["bytes of short texts"], limits: .init(heldBytes: 4096)),
    Case("one text, turned into bytes again and again", bytes: repeatedText, ["bytes made of texts"]),
  ]

  /// Fifty lists, each of which contains the one before it twice. A full walk would visit 2⁵⁰ elements.
  static var laughs: [UInt8] {
    var bytes: [UInt8] = [0x5D, 0x71, 0]
    for level in 1...50 {
      bytes += [0x30, 0x5D, 0x28, 0x68, UInt8(level - 1), 0x68, UInt8(level - 1), 0x65, 0x71, UInt8(level)]
    }
    return PickleBytes.dictionary(["a": bytes])
  }

  static var repeatedText: [UInt8] {
    var bytes = PickleBytes.counted(0x58, Array(repeating: 0x61, count: 100_000))
    bytes += [0x71, 0, 0x30]
    for _ in 0..<5 { bytes += PickleBytes.encoded([0x68, 0]) + [0x30] }
    return bytes + Array("N.".utf8)
  }

  /// An array with a shape and without data.
  static func emptyArray(_ shape: [Int]) -> [UInt8] {
    PickleBytes.dictionary(["a": PickleBytes.array(shape: shape, [0x43, 0])])
  }

  /// An array of single-precision numbers with some bytes of data.
  static func array(_ shape: [Int], bytes: Int) -> [UInt8] {
    let data = PickleBytes.counted(UInt8(ascii: "B"), Array(repeating: 0, count: bytes))
    return PickleBytes.dictionary(["a": PickleBytes.array(shape: shape, data)])
  }

  static let all: [Case] = refused + broken + bombs

  /// Reads a case as the program does, or with the reader alone for a case with tighter limits.
  private static func read(_ hostile: Case, _ path: String, in folder: String) throws {
    guard hostile.hasLimits else {
      _ = try Converting([path], in: folder)
      return
    }
    var reader = PickleReader(try RandomAccessFile(path), scratch: try ScratchFile(in: folder), limits: hostile.limits)
    _ = try reader.read()
  }

  @Test(arguments: all) func endsInAFault(hostile: Case) throws {
    try withTemporaryFolder { folder in
      let path = try Converting.write(hostile.bytes, "hostile.pkl", in: folder)
      let fault = #expect(throws: Fault.self) { try Self.read(hostile, path, in: folder) }
      guard let fault else { return }
      #expect(fault.kind == .badData)
      for word in hostile.mentions { #expect(fault.words.contains(word), "\(word) is not in: \(fault.words)") }
      #expect(!FileManager.default.fileExists(atPath: folder + "/converted"))
    }
  }

  /// A small but whole feature file is cut off after each of its bytes, with every protocol's form of arrays.
  @Test(arguments: [UInt8(ascii: "B"), UInt8(ascii: "X"), UInt8(ascii: "T")]) func cutOffAnywhere(opcode: UInt8) throws
  {
    let raw = PickleBytes.counted(opcode, Array(repeating: 0, count: 16))
    let content = opcode == UInt8(ascii: "X") ? PickleBytes.encoded(raw) : raw
    let whole =
      [0x80, 2]
      + PickleBytes.dictionary([
        "audio": PickleBytes.array(shape: [2, 2], content), "y": Array("(lF1.5\naF-1\na".utf8),
      ])
    try withTemporaryFolder { folder in
      let scratch = try ScratchFile(in: folder)
      for length in 0...whole.count {
        let path = try Converting.write(Array(whole[..<length]), "cut.pkl", in: folder)
        let file = try RandomAccessFile(path)
        if length == whole.count {
          #expect(try PickleSource.read(file, scratch: scratch).parts[0].columns.map(\.name) == ["audio", "y"])
        } else {
          let fault = #expect(throws: Fault.self, "cut at \(length)") {
            _ = try PickleSource.read(file, scratch: scratch)
          }
          #expect(fault?.kind == .badData)
        }
      }
    }
  }

  /// Every operation that Python would carry out on objects ends the reading, at any position and for any operand.
  @Test(arguments: [0x50, 0x51, 0x69, 0x6F, 0x81, 0x92, 0x82, 0x83, 0x84, 0x8F, 0x90, 0x91, 0x97, 0x98] as [UInt8])
  func noOperationOnObjects(opcode: UInt8) throws {
    try withTemporaryFolder { folder in
      for prefix in ["", "N", "(NN", "}", "cnumpy\nndarray\n)", "cnumpy\nndarray\n)}", "(cnumpy\nndarray\nN"] {
        let path = try Converting.write(
          Array(prefix.utf8) + [opcode] + Array("os\nsystem\n.".utf8), "operation.pkl", in: folder)
        var reader = PickleReader(try RandomAccessFile(path), scratch: try ScratchFile(in: folder))
        let fault = #expect(throws: Fault.self) { _ = try reader.read() }
        let name = try #require(PickleOpcode(rawValue: opcode)).name
        #expect(fault?.words.contains("\(name) at byte \(prefix.utf8.count)") == true, "\(fault?.words ?? "")")
      }
    }
  }

  /// The reader refuses files cut off anywhere. It refuses or reads files with a wrong byte, and never ends the
  /// process.
  @Test(arguments: ["numpy1-protocol0", "numpy2-protocol2", "numpy1-protocol3", "numpy2-protocol4", "numpy2-protocol5"])
  func brokenFixtures(name: String) throws {
    let whole = Array(try Data(contentsOf: URL(fileURLWithPath: fixture("conversion/\(name).pkl"))))
    try withTemporaryFolder { folder in
      let scratch = try ScratchFile(in: folder)
      for length in stride(from: 0, to: whole.count, by: 61) {
        let path = try Converting.write(Array(whole[..<length]), "cut.pkl", in: folder)
        #expect(throws: Fault.self, "cut at \(length)") {
          _ = try PickleSource.read(try RandomAccessFile(path), scratch: scratch)
        }
      }
      var generator = SplitMix64(state: 7)
      for _ in 0..<250 {
        var bytes = whole
        for _ in 0..<3 {
          bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
        }
        let path = try Converting.write(bytes, "wrong.pkl", in: folder)
        do { _ = try Converting([path], in: folder) } catch { #expect(error is Fault, "\(error)") }
      }
    }
  }
}
