import PolyphonyPresentation
import Testing

@testable import Polyphony
@testable import PolyphonyService
@testable import PolyphonySupport

/// The page of a service comes whole, may be kept by browsers, and needs no token.
@Suite struct ServicePageTests {
  @Test func everyFileComesWithItsTypeAndPolicy() throws {
    let client = try ServiceTests.shared.get().client
    let page = try #require(client.get("/"))
    #expect(page.status == 200 && page.fields["content-type"] == "text/html; charset=utf-8")
    // All files that the page and its scripts name are there, and each of them can be reached so.
    var (open, types) = (["/": page.text], ["/": page.fields["content-type"] ?? ""])
    var waiting = ["/"]
    while let address = waiting.popLast() {
      let names = (open[address] ?? "").matches(of: #/(?:(?:href|src)="page/|from "\./)([\w.]+)"/#).map(\.output.1)
      for next in Set(names.map { "/page/\($0)" }) where open[next] == nil {
        let answer = try #require(client.get(next))
        #expect(answer.status == 200, "\(next)")
        #expect(answer.fields["content-security-policy"] == page.fields["content-security-policy"])
        #expect(answer.fields["x-content-type-options"] == "nosniff")
        (open[next], types[next]) = (answer.text, answer.fields["content-type"])
        waiting.append(next)
      }
    }
    #expect(open.count == ServicePage.fileCount)
    #expect(types["/page/main.js"] == "text/javascript; charset=utf-8" && types["/page/icon.svg"] == "image/svg+xml")
    let policy = page.fields["content-security-policy"] ?? ""
    #expect(policy.contains("default-src 'none'") && policy.contains("trusted-types 'none'"))
    #expect(!policy.contains("unsafe"))
    // Nothing in the files needs what the policy forbids, and nothing is elsewhere.
    for (address, text) in open {
      #expect(text.firstMatch(of: #/\son\w+="|style="|<script>|<style>|innerHTML|eval\(/#) == nil, "\(address)")
      let hosts = text.matches(of: #/https?:\/\/[\w.]+/#).map { String($0.output) }
      #expect(Set(hosts).isSubset(of: ["http://www.w3.org"]), "\(address): \(hosts)")
    }
    // The page has the colours of the reports.
    let style = open["/page/style.css"] ?? ""
    for colour in ChartStyle.colours + ChartStyle.darkColours { #expect(style.contains(colour), "\(colour)") }
  }

  /// The script has words for each kind of modality, because it cannot show a model without them.
  @Test(arguments: Modality.Kind.allCases) func everyKindOfModalityHasWords(kind: Modality.Kind) throws {
    let script = try #require(ServicePage.file(["page", "model.js"]))
    let text = String(decoding: script.body, as: UTF8.self)
    let forms = try #require(text.firstMatch(of: #/const forms = \{(?<rows>[^;]*)\};/#)).output.rows
    #expect(forms.contains("\n  \(kind.rawValue): "))
  }

  @Test func aBrowserKeepsWhatHasNotChanged() throws {
    let client = try ServiceTests.shared.get().client
    let page = try #require(client.get("/"))
    let tag = try #require(page.fields["etag"])
    #expect(page.fields["cache-control"] == "no-cache")
    for field in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
      let answer = client.get("/", fields: ["If-None-Match: \(field)"])
      #expect(answer?.status == 304 && answer?.body == [] && answer?.fields["etag"] == tag, "\(field)")
      #expect(answer?.fields["content-length"] == nil)
    }
    #expect(client.get("/", fields: ["If-None-Match: \"other\""])?.status == 200)
    #expect(client.get("/page/main.js")?.fields["etag"] != tag)
    client.send("HEAD", "/")
    let head = try #require(client.receive(hasBody: false))
    #expect(head.status == 200 && head.fields["content-length"] == "\(page.body.count)")
    // Other answers are not kept.
    #expect(client.get("/v2")?.fields["cache-control"] == "no-store")
  }

  @Test(arguments: [
    ("GET", "/page", 404), ("GET", "/page/none.js", 404), ("GET", "/page/index.html", 404),
    ("GET", "/page/..%2Fpage.c", 404), ("GET", "/page/main.js/x", 404), ("POST", "/", 405),
    ("POST", "/page/main.js", 405),
  ])
  func noOtherFileIsThere(method: String, path: String, status: Int) throws {
    let client = try ServiceTests.shared.get().client
    client.send(method, path)
    let answer = client.receive()
    #expect(answer?.status == status && answer?.error != nil)
  }

  @Test func anExampleIsARequest() throws {
    let client = try ServiceTests.shared.get().client
    let example = try #require(client.get("/v2/models/all/example"))
    #expect(example.json["inputs"]?.elements.map { $0["shape"] } == [[1, 6], [1, 5, 4]])
    #expect(client.post("/v2/models/all/infer", example.body)?.status == 200)
    #expect(client.get("/v2/models/all/example")?.body != example.body)
    #expect(client.get("/v2/models/none/example")?.status == 404)
  }

  @Test func anExampleHasTheStatisticsOfTheTraining() throws {
    let modality = Modality.sequence("sound", features: 2, length: 4000)
    var model = ModelConfiguration(
      architecture: "late_fusion", modalities: [modality], task: PredictionTask(kind: .regression))
    model.normalization = ["sound": FeatureStatistics(mean: [50, -3], deviation: [2, 0.01])]
    let document = try ExampleRequest.document([modality], model)
    let numbers = document["inputs"]?.elements.first?["data"]?.elements.compactMap(\.finite) ?? []
    #expect(numbers.count == 8000)
    for (feature, (mean, deviation)) in [(50.0, 2.0), (-3, 0.01)].enumerated() {
      let own = stride(from: feature, to: numbers.count, by: 2).map { numbers[$0] }
      let average = own.reduce(0, +) / 4000
      let spread = (own.reduce(0) { $0 + ($1 - average) * ($1 - average) } / 4000).squareRoot()
      // Six standard errors: one of 500 million runs is beyond them.
      #expect(abs(average - mean) < 6 * deviation / (4000.0).squareRoot())
      #expect(abs(spread / deviation - 1) < 6 / (8000.0).squareRoot())
    }
  }

  @Test func rawInputsOfAnExampleAreWholeNumbers() throws {
    let record = EncoderRecord(
      content: "text", family: "bert", sha256: "", layer: 0, pooling: "none", vocabulary: 50)
    let modalities = [
      Modality.tokens("words", length: 9, encoder: record), .pixels("face", height: 2, width: 3, encoder: record),
      .waveform("voice", length: 7, sampleRate: 16_000, encoder: record),
    ]
    let model = ModelConfiguration(
      architecture: "late_fusion", modalities: modalities, task: PredictionTask(kind: .regression))
    let inputs = try ExampleRequest.document(modalities, model)["inputs"]?.elements ?? []
    #expect(inputs.map { $0["datatype"] } == ["INT64", "UINT8", "INT16"])
    #expect(inputs.map { $0["shape"] } == [[1, 9], [1, 3, 2, 3], [1, 7]])
    for (input, range) in zip(inputs, [0...49, 0...255, -1000...999]) {
      let numbers = input["data"]?.elements ?? []
      #expect(numbers.allSatisfy { if case .integer(let number) = $0 { range.contains(number) } else { false } })
    }
  }

  /// A browser says whose page sends a request. Programs say nothing.
  @Test(arguments: [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)])
  func aForeignPageCannotAct(site: String, status: Int) throws {
    let client = try ServiceTests.shared.get().client
    let fields = ["Sec-Fetch-Site: \(site)", "Content-Type: text/plain"]
    let answer = client.post("/v2/repository/index", "", fields: fields)
    #expect(answer?.status == status)
  }

  @Test func documentsSayWhatThePageShows() throws {
    let client = try ServiceTests.shared.get().client
    let plain = try #require(client.get("/v2/models/all")?.json)
    #expect(plain["parameters"] == ["task": "classification", "architecture": "late_fusion"])
    #expect(client.get("/v2/models/some")?.json["parameters"]?["adapter"] != nil)
    let inputs = plain["inputs"]?.elements ?? []
    #expect(inputs[0]["parameters"] == ["optional": false, "kind": "vector"])
    #expect(inputs[1]["parameters"] == ["optional": false, "kind": "sequence", "steps": 5])
    let labels = OrderedJSON.array(PredictProgramTests.Gestures.labels.map { .string($0) })
    let outputs = plain["outputs"]?.elements ?? []
    #expect(outputs.map { $0["parameters"]?["names"] } == [labels, nil, labels, nil])
  }
}
