import Testing

/// No code goes around the one place that checks writes, knows the files of others and escapes control characters.
@Suite struct CheckedOutputTests {
  private static func lines(_ target: String, _ matches: (String) -> Bool) -> [String] {
    RoomArrowTests.files(in: target).flatMap { file in
      file.lines.enumerated().filter { matches($0.element) }.map { "\(target)/\(file.path):\($0.offset + 1)" }
    }
  }

  @Test func theProgramPrintsByStandardOutput() {
    let isPrint = { (line: String) in
      line.contains("Swift.print(")
        || line.ranges(of: "print(").contains { range in
          let before = line[..<range.lowerBound]
          return !before.hasSuffix("func ") && before.last.map { !$0.isLetter && $0 != "." } ?? true
        }
    }
    #expect(isPrint("    print(x)") && isPrint("if x { Swift.print(x) }") && !isPrint("StandardOutput.print(x)"))
    let found = Self.lines("PolyphonyCommand", isPrint)
    #expect(found.isEmpty, "\(found)")
  }

  @Test(arguments: [
    "Torch", "PolyphonySettings", "PolyphonyPresentation", "Polyphony", "PolyphonyConversion", "PolyphonyReports",
    "PolyphonyCommand",
  ])
  func filesGoThroughSupport(target: String) {
    let found = Self.lines(target) { line in
      ["removeItem(", "moveItem(", "createDirectory(", "createFile(", "replaceItem", "write(toFile", "rename("].contains
      {
        line.contains($0) && !(target == "Torch" && $0 == "rename(")
      }
    }
    #expect(found.isEmpty, "\(found)")
  }
}
