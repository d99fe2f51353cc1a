import Foundation
import Polyphony
import Testing

@testable import PolyphonyService
@testable import PolyphonySupport

/// A service takes texts, pictures and sounds for features, and computes them as `predict` does.
@Suite struct RawInputTests {
  private static let sentence = "I loved it, the movie was good!"

  /// Trains a model on features of texts, pictures and sounds, with an adapter for missing ones.
  private static func train(in folder: String) throws {
    try SmallEncoder.make(in: "\(folder)/bert")
    try SmallMedia.encoder("vit", in: folder)
    try SmallMedia.manifest(20, in: folder)
    let lines = try #require(text(of: "\(folder)/manifest.csv")).split(separator: "\n")
    let rows = lines.enumerated().map { place, line in
      (place == 0 ? "words," : place % 2 == 0 ? "I hated it," : "the movie was good,") + line
    }
    try rows.joined(separator: "\n").write(toFile: "\(folder)/manifest.csv", atomically: true, encoding: .utf8)
    try Program.succeed(
      [
        "data", "convert", "--input", "manifest.csv", "--target", "label", "--cache", "none", "--output", "data",
        "--modality", "text=words:text", "--encoder", "text=\(folder)/bert", "--pooling", "text=none",
        "--modality", "faces=faces:image", "--encoder", "faces=\(folder)/vit",
        "--modality", "sound=sound:audio", "--encoder", "sound=mfcc",
      ], in: folder)
    try Program.succeed(
      ["train", "--data", "data", "--architecture", "late_fusion", "--output", "run"] + ResumeTests.settings, in: folder
    )
    try Program.succeed(
      ["tune", "--model", "run/model", "--data", "data", "--method", "zero_fill", "--output", "tuned"]
        + ["--set", "training.epochs=1"], in: folder)
  }

  private static func serve(
    _ folder: String, _ change: (inout PredictionService.Options) -> Void = { _ in },
    _ body: (ServiceClient) throws -> Void
  ) throws {
    var options = PredictionService.Options(models: [
      ModelSource(name: "all", folder: "\(folder)/run/model"),
      ModelSource(name: "some", folder: "\(folder)/run/model", adapter: "\(folder)/tuned/adapter"),
    ])
    (options.port, options.delay) = (0, 0)
    change(&options)
    let service = try PredictionService(options)
    service.start()
    defer { service.stop() }
    try body(ServiceClient(service.port))
  }

  /// A body with raw inputs behind its document, as Triton's clients send them.
  private static func body(_ inputs: [(name: String, values: [Data])]) -> (bytes: [UInt8], field: String) {
    var (tensors, bytes): ([String], [UInt8]) = ([], [])
    for (name, values) in inputs {
      let own = values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.count >> (8 * $0)) } + value }
      bytes += own
      tensors.append(
        "{\"name\": \"\(name)\", \"datatype\": \"BYTES\", \"shape\": [\(values.count)], "
          + "\"parameters\": {\"binary_data_size\": \(own.count)}}")
    }
    let document = "{\"inputs\": [\(tensors.joined(separator: ", "))]}"
    return (Array(document.utf8) + bytes, "Inference-Header-Content-Length: \(document.utf8.count)")
  }

  private static func infer(
    _ client: ServiceClient, _ model: String, _ inputs: (name: String, values: [Data])...
  ) throws -> ServiceClient.Answer {
    let (bytes, field) = body(inputs)
    return try #require(client.post("/v2/models/\(model)/infer", bytes, fields: [field]))
  }

  @Test func rawInputsAreThoseOfPredict() throws {
    try withTemporaryFolder { folder in
      try Self.train(in: folder)
      func file(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")) }
      func predicted(_ inputs: String...) throws -> [Float] {
        let arguments = ["predict", "--model", "run/model", "--adapter", "tuned/adapter", "--json"]
        let answer = try Program.succeed(arguments + inputs.flatMap { ["--input", $0] }, in: folder).output
        let row = try OrderedJSON(parsing: answer)["results"]?.elements.first
        return ["probability_high", "probability_low"].compactMap { (row?[$0]?.finite).map { Float($0) } }
      }
      let whole = try predicted("text=\(Self.sentence)", "faces=3.ppm", "sound=3.wav")
      let alone = try predicted("sound=4.wav")
      let words = Data(Self.sentence.utf8)
      try Self.serve(folder) { client in
        let answer = try Self.infer(
          client, "all", ("text", [words]), ("faces", [try file("3.ppm")]), ("sound", [try file("3.wav")]))
        #expect(answer.status == 200, "\(answer.text)")
        expectClose(answer.floats("probability"), whole)
        // Two samples, of which one has neither words nor a picture.
        let mixed = try Self.infer(
          client, "some", ("text", [words, Data()]), ("faces", [try file("3.ppm"), Data()]),
          ("sound", [try file("3.wav"), try file("4.wav")]))
        expectClose(Array(mixed.floats("probability").suffix(2)), alone)
        let nothing = try Self.infer(client, "some", ("text", [Data(" ".utf8)]))
        #expect(nothing.status == 400 && nothing.error?.contains("text") == true)
        // JSON holds bytes in base64, and texts as they are.
        let document = """
          {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1, 1], "data": ["\(Self.sentence)"]},
          {"name": "faces", "datatype": "BYTES", "shape": [1], "parameters": {"content_type": "base64"},
           "data": ["\(try file("3.ppm").base64EncodedString())"]},
          {"name": "sound", "datatype": "BYTES", "shape": [1], "parameters": {"content_type": "base64"},
           "data": ["\(try file("3.wav").base64EncodedString())"]}]}
          """
        expectClose(client.post("/v2/models/all/infer", document)?.floats("probability") ?? [], whole)
        let inputs = client.get("/v2/models/all")?.json["inputs"]?.elements ?? []
        #expect(inputs.first { $0["name"] == "faces" }?["parameters"]?["raw"]?["content"] == "image")
        #expect(client.get("/v2/models/all/config")?.json["parameters"]?["raw.text"]?["string_value"] == "text")
        try Self.refusals(client, sound: try file("3.wav"))
        if let browser = BrowserTests.browser { try Self.tryInBrowser(browser, client.port, folder, whole) }
      }
      try Self.movedEncoders(folder, words)
    }
  }

  /// A reader types a text and chooses files on the page of the service.
  private static func tryInBrowser(
    _ browser: String, _ port: UInt16, _ folder: String, _ expected: [Float]
  ) throws {
    try withTemporaryFolder { profile in
      let page = try BrowserPage(browser, width: 390, folder: profile)
      try page.visit("http://127.0.0.1:\(port)")
      try page.wait("document.querySelectorAll('#inputs > li').length === 3")
      try page.value("document.querySelector('[aria-label=\"Type text\"]').focus()")
      try page.press("Enter", code: 13, text: "\r")
      try page.type(sentence)
      for (name, file) in [("faces", "3.ppm"), ("sound", "3.wav")] {
        try page.choose(file, try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file)")), in: "File with \(name)")
        try page.wait("document.querySelector('#inputs').innerText.includes('\(file)')")
      }
      try page.value("document.getElementById('predict').click()")
      try page.wait("document.querySelector('#answer .note').innerText.includes('with all modalities')")
      let words = try page.text("document.querySelector('#answer .note').innerText")
      let top = Double(expected.max() ?? 0) * 100
      #expect(words == String(format: "probability %.1f %%, with all modalities", top))
      #expect(try page.nameless() == [])
      #expect(page.console.isEmpty, "\(page.console)")
    }
  }

  /// Every input that an encoder cannot read gets an answer that names it, and no file of the machine is read.
  private static func refusals(_ client: ServiceClient, sound: Data) throws {
    let picture = try SmallMedia.picture("rgb.png")
    let form = SmallMedia.hasFFmpeg ? "form of file" : "ffmpeg"
    let bad: [(name: String, value: Data, words: [String])] = [
      ("text", Data([0xFF, 0xFE]), ["sample 1 is no text"]),
      ("text", Data(repeating: 97, count: (1 << 20) + 1), ["sample 1 has 1048577 bytes"]),
      ("faces", picture.prefix(900), ["sample 1: the PNG file is broken: its end too early"]),
      ("faces", try SmallMedia.claim(width: 60_000, height: 60_000), ["too many pixels"]),
      ("faces", Data("/etc/hostname".utf8), []), ("sound", Data("../../../etc/hostname".utf8), []),
      ("sound", SmallMedia.wave(300, loudness: 0), ["the sound is silent"]),
      ("sound", Data("ffconcat version 1.0\nfile '/etc/hostname'\n".utf8), [form]),
    ]
    for (name, value, words) in bad {
      let good = name == "text" ? Data("it".utf8) : name == "faces" ? picture : sound
      let answer = try infer(client, "some", (name, [good, value]))
      #expect(answer.status == 400, "\(name): \(answer.text)")
      for word in words + ["inputs: \(name): "] { #expect(answer.error?.contains(word) == true, "\(answer.text)") }
      #expect(answer.error?.contains("polyphony-") == false && answer.error?.contains("/tmp") == false)
    }
    let shape = client.post(
      "/v2/models/some/infer",
      #"{"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1, 2], "data": ["a", "b"]}]}"#)
    #expect(shape?.error?.contains("an element for each sample") == true)
    let many = try infer(client, "some", ("text", Array(repeating: Data("it".utf8), count: 65)))
    #expect(many.error?.contains("65 samples") == true)
    let coded = client.post(
      "/v2/models/some/infer",
      """
      {"inputs": [{"name": "faces", "datatype": "BYTES", "shape": [1],
       "parameters": {"content_type": "base64"}, "data": ["?"]}]}
      """)
    #expect(coded?.error?.contains("inputs[0].data[0]") == true)
  }

  /// A service whose encoder is not there takes features alone, and says so. The operator may name another place.
  private static func movedEncoders(_ folder: String, _ words: Data) throws {
    try FileManager.default.moveItem(atPath: "\(folder)/bert", toPath: "\(folder)/elsewhere")
    let said = Locked<[String]>([])
    try serve(folder, { $0.warn = { text in said.update { $0.append(text) } } }) { client in
      let refused = try infer(client, "some", ("text", [words]))
      #expect(refused.error?.hasPrefix("inputs: text: the shape is [1]") == true)
      let inputs = client.get("/v2/models/all")?.json["inputs"]?.elements ?? []
      #expect(inputs.filter { $0["parameters"]?["raw"] != nil }.map { $0["name"] } == ["faces", "sound"])
    }
    #expect(said.value.count == 2 && said.value[0].contains("all takes features of text alone"), "\(said.value)")
    try serve(folder, { $0.encoders.encoders = ["text=\(folder)/elsewhere"] }) { client in
      let answer = try infer(client, "some", ("text", [words]))
      #expect(answer.status == 200)
    }
    let refused = [("text=\(folder)/vit", Fault.Kind.usage), ("txt=x", .usage), ("faces=\(folder)/no", .missingInput)]
    for (option, kind) in refused {
      #expect {
        try serve(folder, { $0.encoders.encoders = [option] }) { _ in }
      } throws: { ($0 as? Fault)?.kind == kind }
    }
  }

  private func expectClose(_ found: [Float], _ expected: [Float]) {
    let isClose = zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 }
    #expect(found.count == expected.count && !expected.isEmpty && isClose, "\(found), \(expected)")
  }
}
