import Foundation

@testable import PolyphonySupport

/// A page in a Chromium that a test reads and steers, by the protocol of Chromium's developer tools.
///
/// The messages go through two named pipes. So no port is open, and no other process can take part.
final class BrowserPage {
  /// A reason why a page does not do what a test asks.
  struct Problem: Error, CustomStringConvertible { let description: String }

  private let process = Process()
  private let commands: Int32
  private let answers: Int32
  private var received: [UInt8] = []
  private var count = 0
  private var session: String?
  /// What the page wrote to the console, with errors and refused requests.
  private(set) var console: [String] = []
  /// The addresses that the page requested.
  private(set) var requests: [String] = []

  /// Starts a browser with an empty page.
  /// - Parameter folder: an empty folder, which the browser may fill.
  init(_ browser: String, width: Int, isDark: Bool = false, folder: String) throws {
    let pipes = ["commands", "answers"].map { "\(folder)/\($0)" }
    for pipe in pipes where mkfifo(pipe, 0o600) != 0 { throw Problem(description: "there is no pipe \(pipe)") }
    // Open at both ends, so that neither side waits for the other one.
    (commands, answers) = (open(pipes[0], O_RDWR), open(pipes[1], O_RDWR))
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      "-c", "exec \"$@\" 3<'\(pipes[0])' 4>'\(pipes[1])'", "sh", browser, "--headless=new", "--no-sandbox",
      "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
      "--disable-sync", "--disable-default-apps", "--hide-scrollbars", "--force-prefers-reduced-motion",
      "--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)", "--user-data-dir=\(folder)/profile",
      "--remote-debugging-pipe", "about:blank",
    ]
    (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
    try process.run()
    let target = try call("Target.createTarget", ["url": "about:blank"])["targetId"] ?? .null
    if case .string(let id)? = try call("Target.attachToTarget", ["targetId": target, "flatten": true])["sessionId"] {
      session = id
    }
    for domain in ["Page", "Runtime", "Log", "Network"] { _ = try call("\(domain).enable") }
    try resize(width: width)
  }

  deinit {
    if process.isRunning {
      process.terminate()
      process.waitUntilExit()
    }
    close(commands)
    close(answers)
  }

  /// Gives the page another width.
  func resize(width: Int) throws {
    _ = try call(
      "Emulation.setDeviceMetricsOverride",
      ["width": .integer(width), "height": 844, "deviceScaleFactor": 1, "mobile": .bool(width < 600)])
  }

  /// Goes to an address.
  func visit(_ address: String) throws { _ = try call("Page.navigate", ["url": .string(address)]) }

  /// Runs a script in every document before its own scripts.
  func prepare(_ script: String) throws {
    _ = try call("Page.addScriptToEvaluateOnNewDocument", ["source": .string(script)])
  }

  /// The value of an expression in the page. A promise is awaited.
  @discardableResult
  func value(_ expression: String) throws -> OrderedJSON {
    let answer = try call(
      "Runtime.evaluate",
      ["expression": .string(expression), "awaitPromise": true, "returnByValue": true, "userGesture": true])
    if let details = answer["exceptionDetails"] { throw Problem(description: "\(expression): \(details.text(.line))") }
    return answer["result"]?["value"] ?? .null
  }

  /// The text of an expression in the page.
  func text(_ expression: String) throws -> String {
    if case .string(let text) = try value(expression) { text } else { "" }
  }

  /// Waits until a condition holds in the page. It is looked at whenever the page changes.
  func wait(_ condition: String) throws {
    // A navigation takes the waiting script away, and the condition is then looked at in the new document.
    for _ in 0..<3 {
      do {
        try value(
          """
          new Promise((done, fail) => {
            const holds = () => { try { return \(condition) } catch { return false } };
            if (holds()) return done();
            const watch = new MutationObserver(() => { if (holds()) { watch.disconnect(); done(); } });
            watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
            setTimeout(() => fail(new Error(document.body.innerText)), 20000);
          })
          """)
        return
      } catch let problem as Problem where problem.description.contains("navigated") {
        continue
      }
    }
    throw Problem(description: "the page does not settle: \(condition)")
  }

  /// Presses a key with the focus where it is.
  func press(_ key: String, code: Int, text: String? = nil) throws {
    var event: [OrderedJSON.Member] = [
      .init("type", text == nil ? "rawKeyDown" : "keyDown"), .init("key", .string(key)),
      .init("windowsVirtualKeyCode", .integer(code)),
    ]
    if let text { event.append(.init("text", .string(text))) }
    _ = try call("Input.dispatchKeyEvent", .object(event))
    event[0] = .init("type", "keyUp")
    _ = try call("Input.dispatchKeyEvent", .object(event.filter { $0.key != "text" }))
  }

  /// Types a text where the focus is.
  func type(_ text: String) throws { _ = try call("Input.insertText", ["text": .string(text)]) }

  /// Gives a file to the field with a label.
  func choose(_ name: String, _ bytes: Data, in label: String) throws {
    try value(
      """
      var files = new DataTransfer(), field = document.querySelector('[aria-label="\(label)"]');
      files.items.add(
        new File([Uint8Array.from(atob('\(bytes.base64EncodedString())'), sign => sign.charCodeAt(0))], '\(name)'));
      field.files = files.files;
      field.dispatchEvent(new Event('change'));
      """)
  }

  /// The roles of elements that can have the focus and have no name for screen readers.
  func nameless() throws -> [String] {
    (try call("Accessibility.getFullAXTree")["nodes"]?.elements ?? []).compactMap { node in
      let isFocusable = (node["properties"]?.elements ?? []).contains {
        $0["name"] == "focusable" && $0["value"]?["value"] == .bool(true)
      }
      guard isFocusable, node["ignored"] == .bool(false), case .string(let role)? = node["role"]?["value"],
        role != "RootWebArea"
      else { return nil }
      if case .string(let name)? = node["name"]?["value"], !name.isEmpty { return nil }
      return role
    }
  }

  /// Calls a method of the protocol, and waits for its answer. Events on the way are kept.
  private func call(_ method: String, _ parameters: OrderedJSON = .object([])) throws -> OrderedJSON {
    count += 1
    var message: [OrderedJSON.Member] = [
      .init("id", .integer(count)), .init("method", .string(method)), .init("params", parameters),
    ]
    if let session { message.append(.init("sessionId", .string(session))) }
    var rest = (Array(OrderedJSON.object(message).text(.line).utf8) + [0])[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { write(commands, $0.baseAddress, $0.count) }
      guard written > 0 else { throw Problem(description: "the browser takes no command") }
      rest = rest.dropFirst(written)
    }
    while true {
      let answer = try next()
      if answer["id"] == .integer(count) {
        if let error = answer["error"] { throw Problem(description: "\(method): \(error.text(.line))") }
        return answer["result"] ?? .null
      }
      note(answer)
    }
  }

  private func note(_ event: OrderedJSON) {
    let content = event["params"] ?? .null
    switch event["method"] {
    case "Runtime.consoleAPICalled", "Runtime.exceptionThrown": console.append(content.text(.line))
    case "Log.entryAdded": console.append(content["entry"]?.text(.line) ?? "")
    case "Network.requestWillBeSent":
      if case .string(let address)? = content["request"]?["url"] { requests.append(address) }
    default: break
    }
  }

  private func next() throws -> OrderedJSON {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      if let end = received.firstIndex(of: 0) {
        let text = String(decoding: received[..<end], as: UTF8.self)
        received.removeFirst(end + 1)
        return try OrderedJSON(parsing: text)
      }
      var wait = pollfd(fd: answers, events: Int16(POLLIN), revents: 0)
      guard poll(&wait, 1, 60_000) == 1 else { throw Problem(description: "the browser does not answer") }
      let count = read(answers, &buffer, buffer.count)
      guard count > 0 else { throw Problem(description: "the browser has ended") }
      received += buffer[..<count]
    }
  }
}
