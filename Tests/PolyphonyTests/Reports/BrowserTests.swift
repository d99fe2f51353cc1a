import Foundation
import Testing
import Torch

@testable import Polyphony
@testable import PolyphonyReports
@testable import PolyphonySupport

/// A report in a browser writes no message to the console, requests no address and fits the width of a telephone.
///
/// The suite runs if it finds a Chromium. `CHROMIUM` may name one.
@Suite(.serialized) struct BrowserTests {
  static let browser: String? = {
    let places = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    let found = places.flatMap { place in names.map { "\(place)/\($0)" } }
    let mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    return ([ProcessInfo.processInfo.environment["CHROMIUM"]].compactMap(\.self) + found + [mac])
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  /// Opens a page with the report in a frame, and collects the browser's output.
  private func visit(_ report: String, width: Int, isDark: Bool, in folder: String) throws -> (
    dom: String, log: String, net: String
  ) {
    // The report's policy would refuse a script inside the report. So the script is in the page around it.
    let page = """
      <!DOCTYPE html><iframe id="f" src="\(report)" style="width:\(width)px;height:800px;border:0"></iframe>
      <p id="o"></p><script>
      onload = () => {
        const d = document.getElementById('f').contentDocument, e = d.documentElement;
        const bad = [...d.querySelectorAll('svg text')].filter(t => {
          const a = t.getBBox(), s = t.ownerSVGElement.viewBox.baseVal, m = t.getCTM();
          const c = [[a.x, a.y], [a.x + a.width, a.y + a.height]].map(p => new DOMPoint(...p).matrixTransform(m));
          return c.some(p => p.x < -1 || p.y < -1 || p.x > s.width + 1 || p.y > s.height + 1) });
        document.getElementById('o').textContent = 'RESULT ' + JSON.stringify({
          scroll: Math.max(e.scrollWidth, d.body.scrollWidth), client: e.clientWidth, sections: d.querySelectorAll('section').length,
          loaded: d.defaultView.performance.getEntriesByType('resource').length, outside: bad.map(t => t.textContent),
          ground: getComputedStyle(d.body).backgroundColor })
      }
      </script>
      """
    let outer = "\(folder)/outer.html"
    try page.write(toFile: outer, atomically: true, encoding: .utf8)
    let net = "\(folder)/net.json"
    let outcome = try Program.run(
      [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--hide-scrollbars",
        "--disable-features=NetworkTimeServiceQuerying", "--disable-default-apps", "--allow-file-access-from-files",
        "--enable-logging=stderr", "--v=0", "--log-net-log=\(net)", "--user-data-dir=\(folder)/profile",
        "--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)", "--window-size=1200,900", "--dump-dom",
        "file://\(outer)",
      ], executable: try #require(Self.browser))
    return (outcome.output, outcome.errors, (try? String(contentsOfFile: net, encoding: .utf8)) ?? "")
  }

  @Test(
    .enabled(if: browser != nil, "there is no Chromium to look with"), arguments: ["plain", "hostile", "single"],
    [390, 1100])
  func aReportIsQuietAndFits(form: String, width: Int) throws {
    try withTemporaryFolder { folder in
      var fixture = ComparisonFixture()
      if form == "hostile" {
        fixture.data = ["<script>alert(1)</script>", String(repeating: "long", count: 40)]
        fixture.methods[1].name = String(repeating: "a very long name of a method ", count: 8)
        fixture.methods[2].name = String(repeating: "🎻", count: 40)
        fixture.modalities = ["<img src=http://example.invalid/x>", String(repeating: "x", count: 200)]
      }
      if form == "single" { (fixture.data, fixture.missing, fixture.shifts) = (["one"], ["complete"], []) }
      try fixture.write(to: folder)
      let path = try Report.write(folder: folder)
      let found = try visit(path, width: width, isDark: width == 390, in: folder)
      let text = try #require(found.dom.range(of: "RESULT ").map { found.dom[$0.upperBound...] }, "\(found.log)")
      let json = String(text.prefix(upTo: text.range(of: "</p>")?.lowerBound ?? text.endIndex))
      let result = try OrderedJSON(
        parsing: json.replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&amp;", with: "&"))
      #expect(result["client"] == .integer(width) && result["scroll"] == .integer(width), "\(json)")
      #expect(result["loaded"] == 0 && result["outside"] == [], "\(json)")
      #expect(result["sections"] == .integer(form == "single" ? 5 : 7))
      #expect(result["ground"] == .string(width == 390 ? "rgb(22, 23, 27)" : "rgb(255, 255, 255)"))
      let console = found.log.split(separator: "\n").filter { $0.contains("CONSOLE") }
      #expect(console.isEmpty, "\(console)")
      // The browser's log has every requested address. The browser requests some of them by itself.
      let asked = found.net.matches(of: #/"url":"(http|https|ws|wss):\/\/([^"\/:]*)/#).map { String($0.output.2) }
        .filter { host in !["google.com", "googleapis.com", "gstatic.com"].contains { host.hasSuffix($0) } }
      #expect(!found.net.isEmpty && asked.isEmpty, "\(asked)")
    }
  }
}
