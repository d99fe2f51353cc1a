import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyService
@testable import PolyphonySupport

/// Readers use the page of a running service in a browser, by keyboard, on a telephone and with a token.
@Suite(.serialized, .enabled(if: BrowserTests.browser != nil, "there is no Chromium to look with"))
struct ServicePageBrowserTests {
  /// Runs a test with a service and a browser.
  private func browsing(
    width: Int, isDark: Bool = false, _ change: (inout PredictionService.Options) throws -> Void = { _ in },
    _ body: (ServedGestures, BrowserPage) throws -> Void
  ) throws {
    try ServedGestures.with(change) { served in
      try withTemporaryFolder { folder in
        let browser = try #require(BrowserTests.browser)
        let page = try BrowserPage(browser, width: width, isDark: isDark, folder: folder)
        try body(served, page)
        // The page asks its own service, and nobody else.
        #expect(page.requests.allSatisfy { $0.hasPrefix(served.service.address) }, "\(page.requests)")
      }
    }
  }

  /// A single-precision tensor as a file of NumPy.
  private static func numpy(_ tensor: Tensor) -> Data {
    let shape = tensor.shape.map(String.init).joined(separator: ", ")
    let head = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(shape)), }\n"
    let start: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(head.utf8.count), 0]
    return Data(start + Array(head.utf8) + tensor.withBytes { Array($0) })
  }

  private static func fit(_ page: BrowserPage) throws -> OrderedJSON {
    try page.value("[document.documentElement.scrollWidth, document.body.scrollWidth].every(w => w <= innerWidth)")
  }

  @Test func aReaderTriesAModelByKeyboard() throws {
    try browsing(width: 390, isDark: true) { served, page in
      try page.visit(served.service.address)
      try page.wait("document.querySelectorAll('#inputs > li').length === 2")
      #expect(try page.text("getComputedStyle(document.body).backgroundColor") == "rgb(22, 23, 27)")
      #expect(try page.text("document.getElementById('models').innerText").contains("adapter zero_fill"))
      // Without numbers there is no request, but a sentence.
      try page.value("document.getElementById('predict').focus()")
      try page.press("Enter", code: 13, text: "\r")
      try page.wait("document.querySelector('#answer .problem').innerText.includes('Give the numbers')")
      try page.value("document.querySelector('[value=some]').click()")

      // Sample 4 has all steps and both modalities: one is typed, the other comes from a file with all samples.
      let sample = served.samples.rows([4])
      try page.value("document.querySelector('[aria-label=\"Type imu\"]').focus()")
      try page.press("Enter", code: 13, text: "\r")
      try page.type("1, 2, three")
      try page.wait("document.querySelector('#inputs .problem').innerText.includes('three')")
      try page.value("document.activeElement.select()")
      try page.type(sample.modalities[0].doubles.map { "\($0)" }.joined(separator: ", "))
      try page.choose("audio.npy", Self.numpy(served.samples.inputs.modalities[1]), in: "File with audio")
      try page.wait("document.querySelector('#inputs').innerText.includes('audio.npy, 12 samples')")
      // The typed modality has one sample, so the file gives its first one.
      try page.choose("one.npy", Self.numpy(sample.modalities[1]), in: "File with audio")
      try page.wait("document.querySelector('#inputs').innerText.includes('one.npy')")
      try page.value("document.getElementById('predict').focus()")
      try page.press("Enter", code: 13, text: "\r")
      try page.wait("document.querySelectorAll('.bar.middle').length === 2")

      let names = ["imu", "audio"]
      func probabilities(_ keep: [Bool]) throws -> [Float] {
        try served.expected("some", sample.keeping(keep)).prediction.softmax(1).floats
      }
      let whole = try probabilities([true, true])
      let top = try #require(whole.indices.max { whole[$0] < whole[$1] })
      let headline = try page.text("document.querySelector('.headline').innerText")
      #expect(headline == PredictProgramTests.Gestures.labels[top])
      let first = try page.text("document.querySelector('#answer .note').innerText")
      #expect(first == "probability \(Self.percent(whole[top])), with all modalities")
      for (index, name) in names.enumerated() {
        let without = try probabilities(names.indices.map { $0 != index })
        let change = Double(whole[top] - without[top]) * 100
        let shown = try page.text(
          "[...document.querySelectorAll('.bar.middle')].map(cell => cell.parentElement)"
            + ".find(row => row.cells[0].innerText === '\(name)').cells[2].firstChild.data")
        let number = try #require(Double(shown.replacing("−", with: "-")), "\(shown)")
        // One decimal is shown, and rounding takes half of it.
        #expect(abs(number - change) <= 0.051, "\(name): \(shown), not \(change)")
      }
      // A switch asks again, and screen readers hear the answer.
      try page.value("document.getElementById('input-1').focus()")
      try page.press(" ", code: 32, text: " ")
      try page.wait("document.querySelector('#answer .note').innerText.includes('without audio')")
      let alone = try probabilities([true, false])
      try page.wait("document.getElementById('spoken').innerText.includes('\(Self.percent(alone.max() ?? 0))')")
      // The plots have the requests that the page has sent.
      try page.wait("/median [\\d.]+ ms/.test(document.querySelectorAll('#plots svg')[1].getAttribute('aria-label'))")
      try page.value("for (const part of document.querySelectorAll('details')) part.open = true")
      #expect(try page.nameless() == [])
      #expect(try Self.fit(page) == true)
      try page.resize(width: 1200)
      #expect(try Self.fit(page) == true)
      #expect(page.console.isEmpty, "\(page.console)")
    }
  }

  @Test func aTokenStaysInMemoryAndNamesAreTexts() throws {
    try withTemporaryFolder { folder in
      let (file, token) = ("\(folder)/tokens", "0123456789abcdef")
      try token.write(toFile: file, atomically: true, encoding: .utf8)
      try browsing(width: 1200, { $0.tokens = try AccessTokens(file: file) }) { served, page in
        // A model may have any names of modalities and classes. The service of the test gets hostile ones on the way.
        try page.prepare(
          """
          const ask = window.fetch;
          window.fetch = async (...request) => {
            const answer = await ask(...request);
            if (!/v2\\/models\\/all$/.test(request[0])) return answer;
            const text = (await answer.text()).replaceAll('"audio"', '"<img src=x onerror=hostile=1>"');
            return new Response(text.replaceAll('sit', '<b>sit</b>'), answer);
          };
          """)
        try page.visit(served.service.address)
        try page.wait("document.activeElement.id === 'token'")
        try page.type("wrong")
        try page.press("Enter", code: 13, text: "\r")
        try page.wait("document.getElementById('token-problem').innerText !== ''")
        #expect(try page.value("document.getElementById('content').hidden") == true)
        try page.type(token)
        try page.press("Enter", code: 13, text: "\r")
        try page.wait("document.querySelectorAll('#inputs > li').length === 2")
        #expect(try page.text("document.getElementById('inputs').innerText").contains("<img src=x onerror=hostile=1>"))
        #expect(try page.value("document.querySelectorAll('img, #content b:not(.keys b)').length") == 0)
        #expect(try page.value("window.hostile ?? null") == .null)
        let kept = "localStorage.length + sessionStorage.length + document.cookie + location.search + location.hash"
        #expect(try page.text(kept) == "0")
        #expect(try page.value("document.documentElement.outerHTML.includes('\(token)')") == false)
        // The refused requests are the only thing that the browser complains about.
        #expect(page.console.allSatisfy { $0.contains("401") }, "\(page.console)")
      }
    }
  }

  /// A probability as the page writes it.
  private static func percent(_ share: Float) -> String { String(format: "%.1f %%", Double(share) * 100) }
}
