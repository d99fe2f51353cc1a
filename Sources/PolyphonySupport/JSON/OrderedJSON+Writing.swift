extension OrderedJSON {
  /// The layout of a document.
  public enum Layout: Sendable {
    /// One line with a space after `:` and `,`, for a record of a log.
    case line
    /// Indentation by two spaces. Short lists and objects of at most two levels stay on one line.
    case pretty
  }

  /// Returns the document as text without a final newline.
  ///
  /// A number becomes the shortest text that reads back as the same bits. NaN and infinities become `null`.
  public func text(_ layout: Layout = .pretty) -> String {
    var text = ""
    write(to: &text, layout: layout, indent: 0)
    return text
  }

  private func write(to text: inout String, layout: Layout, indent: Int) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value): text += value.isFinite ? String(value) : "null"
    case .string(let value): Self.write(value, to: &text)
    case .array(let elements):
      write(elements, in: "[", "]", to: &text, layout: layout, indent: indent) { element, text, layout, indent in
        element.write(to: &text, layout: layout, indent: indent)
      }
    case .object(let members):
      write(members, in: "{", "}", to: &text, layout: layout, indent: indent) { member, text, layout, indent in
        Self.write(member.key, to: &text)
        text += ": "
        member.value.write(to: &text, layout: layout, indent: indent)
      }
    }
  }

  private func write<Item>(
    _ items: [Item], in open: String, _ close: String, to text: inout String, layout: Layout, indent: Int,
    item: (Item, inout String, Layout, Int) -> Void
  ) {
    guard !items.isEmpty else {
      text += open + close
      return
    }
    if layout == .line || (indent > 0 && depth <= 2) {
      var line = open
      for (index, element) in items.enumerated() {
        if index > 0 { line += ", " }
        item(element, &line, .line, 0)
      }
      line += close
      if layout == .line || line.count <= 100 {
        text += line
        return
      }
    }
    text += open
    for (index, element) in items.enumerated() {
      text += (index > 0 ? ",\n" : "\n") + String(repeating: " ", count: indent + 2)
      item(element, &text, layout, indent + 2)
    }
    text += "\n" + String(repeating: " ", count: indent) + close
  }

  /// The number of nested levels of lists and objects in this value.
  private var depth: Int {
    switch self {
    case .array(let elements): 1 + (elements.map(\.depth).max() ?? 0)
    case .object(let members): 1 + (members.map(\.value.depth).max() ?? 0)
    default: 0
    }
  }

  private static func write(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      // A terminal obeys control characters, and JSON does not have to hold them.
      case _ where scalar.isControl:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
