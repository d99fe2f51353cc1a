import Polyphony
import Testing
import Torch

@testable import PolyphonySettings
@testable import PolyphonySupport

/// The settings of a small program, which the tests read.
private struct Example: Equatable {
  enum Fusion: String, CaseIterable { case late, early }

  var name = "run"
  var epochs = 30
  var rate = 1e-3
  var isCausal = false
  var fusion = Fusion.late
  var widths = [40]
  var seed: Int?
  var modalities: [String] = []

  static func read(_ tree: SettingsTree) throws(Fault) -> (value: Example, resolved: SettingsTree) {
    try SettingsReader.read(tree) { (recipe) throws(Fault) in
      var example = Example()
      example.name = try recipe.string("name", default: example.name)
      try recipe.section("training") { (training) throws(Fault) in
        example.epochs = try training.int("epochs", default: example.epochs, in: 1...)
        example.rate = try training.double("rate", default: example.rate, in: Above(0))
        example.seed = try training.optional("seed", .int(in: 0...))
      }
      try recipe.section("model") { (model) throws(Fault) in
        example.isCausal = try model.bool("causal", default: example.isCausal)
        example.fusion = try model.choice("fusion", default: example.fusion)
        example.widths = try model.list("widths", of: .int(in: 1...512), default: example.widths, count: 1...2)
      }
      example.modalities = try recipe.sections("modalities") { (modality) throws(Fault) in
        try modality.required("name", .string)
      }
      return example
    }
  }

  static func read(yaml: String, overrides: [String] = []) throws(Fault) -> (value: Example, resolved: SettingsTree) {
    var tree = try SettingsTree(yaml: yaml, file: "r.yaml")
    for assignment in overrides { try tree.override(assignment) }
    return try read(tree)
  }
}

@Suite struct SettingsTests {
  private static let full = """
    # A comment.
    model:
      widths: [64, 32]
      causal: true
      fusion: early
    name: "12"
    training:
      rate: 5e-4
      seed: 7
      epochs: 4
    modalities:
      - name: text
      - name: audio

    """

  @Test func readsWhatIsGiven() throws {
    let example = try Example.read(yaml: Self.full).value
    #expect(
      example
        == Example(
          name: "12", epochs: 4, rate: 5e-4, isCausal: true, fusion: .early, widths: [64, 32], seed: 7,
          modalities: ["text", "audio"]))
  }

  @Test(arguments: ["", "training:\n", "training: {}\nmodel: ~", "training:\n  epochs: null", "# nothing"])
  func whatIsNotGivenIsTheDefault(yaml: String) throws {
    #expect(try Example.read(yaml: yaml).value == Example())
  }

  @Test func theResolvedRecipeKeepsOrderAndFillsDefaults() throws {
    let (value, resolved) = try Example.read(yaml: "training:\n  rate: 1\nname: on\n", overrides: ["model.widths=[8]"])
    #expect(
      resolved.yaml() == """
        training:
          rate: 1.0
          epochs: 30
          seed: null
        name: "on"
        model:
          widths: [8]
          causal: false
          fusion: late
        modalities: []

        """)
    let again = try Example.read(yaml: resolved.yaml())
    #expect(again.value == value)
    #expect(again.resolved.yaml() == resolved.yaml())
  }

  @Test func overridesWinAndMakeSections() throws {
    let example = try Example.read(
      yaml: Self.full,
      overrides: [
        "training.epochs=9", "training.epochs=5", "model.causal=false", "modalities.1.name=video", "name='a: b'",
        "model.widths=[1]", "training.seed=",
      ]
    ).value
    #expect(
      example
        == Example(
          name: "a: b", epochs: 5, rate: 5e-4, isCausal: false, fusion: .early, widths: [1], seed: nil,
          modalities: ["text", "video"]))
    #expect(try Example.read(yaml: "training:", overrides: ["training.epochs=2"]).value.epochs == 2)
  }

  @Test(arguments: [
    ("epochs", "an override needs a value"), ("=4", "an override needs a key"), ("a..b=4", "an override needs a key"),
    ("name.x=4", "an override goes through a plain value"),
    ("modalities.2.name=x", "an override reaches beyond a list"),
    ("modalities.x.name=x", "an override reaches beyond a list"),
    ("training.epochs=[1", "the value of an override is not valid YAML"),
  ])
  func refusesOverrides(assignment: String, problem: String) throws {
    let fault = #expect(throws: Fault.self) { try Example.read(yaml: Self.full, overrides: [assignment]) }
    #expect(fault?.problem == problem)
    #expect(fault?.kind == .usage)
  }

  @Test(
    arguments: [
      (
        "training:\n  epohcs: 4", "an unknown key", "r.yaml:2", "training.epohcs", "`epohcs`",
        "one of epochs, rate, seed",
        "did you mean `epochs`?"
      ),
      (
        "epochs: 4", "an unknown key", "r.yaml:1", "epochs", "`epochs`", "one of modalities, model, name, training",
        "did you mean `training.epochs`?"
      ),
      (
        "x: 4\nmodalities:\n  - name: a\n  - name: b\n    lenght: 3", "2 unknown keys", "r.yaml:1", "x",
        "`x`, and `modalities.1.lenght`", "one of modalities, model, name, training", nil
      ),
      (
        "training:\n  epochs: four", "a setting has the wrong type", "r.yaml:2", "training.epochs", "`four`",
        "an integer, 1 or more", nil
      ),
      (
        "training:\n  epochs: 4.0", "a setting has the wrong type", "r.yaml:2", "training.epochs", "`4.0`",
        "an integer, 1 or more", nil
      ),
      (
        "training:\n  epochs: '4'", "a setting has the wrong type", "r.yaml:2", "training.epochs", "the text `4`",
        "an integer, 1 or more", nil
      ),
      (
        "training:\n  epochs: [4]", "a setting has the wrong type", "r.yaml:2", "training.epochs", "a list of 1",
        "an integer, 1 or more", nil
      ),
      (
        "training:\n  epochs: 0", "a setting is out of range", "r.yaml:2", "training.epochs", "`0`",
        "an integer, 1 or more", nil
      ),
      (
        "training:\n\n  rate: 0", "a setting is out of range", "r.yaml:3", "training.rate", "`0`",
        "a number, above 0.0", nil
      ),
      (
        "training:\n  rate: .nan", "a setting has the wrong type", "r.yaml:2", "training.rate", "`.nan`",
        "a number, above 0.0", nil
      ),
      (
        "training:\n  rate: 1e999", "a setting has the wrong type", "r.yaml:2", "training.rate", "`1e999`",
        "a number, above 0.0", nil
      ),
      (
        "model:\n  causal: yes", "a setting has the wrong type", "r.yaml:2", "model.causal", "`yes`", "true or false",
        nil
      ),
      (
        "model:\n  fusion: latte", "a setting has an unknown value", "r.yaml:2", "model.fusion", "`latte`",
        "one of late, early", "did you mean `late`?"
      ),
      (
        "model:\n  widths: 4", "a setting has the wrong type", "r.yaml:2", "model.widths", "`4`", "a list", nil
      ),
      (
        "model:\n  widths:\n    - 4\n    - 999", "a setting is out of range", "r.yaml:4", "model.widths.1", "`999`",
        "an integer, 1 to 512", nil
      ),
      (
        "model:\n  widths: []", "a list has the wrong length", "r.yaml:2", "model.widths", "a list of 0",
        "1 to 2 elements", nil
      ),
      (
        "training: 4", "a setting has the wrong type", "r.yaml:1", "training", "`4`", "a section of keys", nil
      ),
      (
        "name:\n  a: 1\n  b: 2", "a setting has the wrong type", "r.yaml:1", "name", "a section with a, b", "a text",
        nil
      ),
      (
        "modalities:\n  - nam: x", "a setting is missing", "r.yaml:2", "modalities.0.name", nil, nil,
        "give it in the recipe or with `--set modalities.0.name=…`"
      ),
    ] as [(String, String, String, String, String?, String?, String?)])
  func refuses(
    yaml: String, problem: String, file: String, key: String, found: String?, expected: String?, remedy: String?
  ) {
    let fault = #expect(throws: Fault.self) { try Example.read(yaml: yaml) }
    #expect(
      fault == Fault(.usage, problem, file: file, key: key, found: found, expected: expected, remedy: remedy))
  }

  @Test(arguments: [
    ("a: [1", "this is not valid YAML", "r.yaml:2:1"), ("a: 1\na: 2", "a key stands twice", "r.yaml:1"),
    ("m:\n  a: 1\n  \"a\": 2", "a key stands twice", "r.yaml:2"),
    ("m: {1: a, '1': b}", "a key stands twice", "r.yaml:1"),
    ("a: &a 1\nm:\n  <<: *a", "only maps can be merged into a map", "r.yaml:3"),
    ("a: &a {b: 1}\nm: {<<: [*a, 2]}", "only maps can be merged into a map", "r.yaml:2"),
    ("- 1", "a recipe must be a map of keys", "r.yaml"), ("? [a]\n: 1", "a key must be a word", "r.yaml:1"),
    ("a: *b", "this is not valid YAML", "r.yaml:1:4"), ("a: 1\n---\nb: 2", "this is not valid YAML", "r.yaml:2:1"),
  ])
  func refusesText(yaml: String, problem: String, file: String) {
    let fault = #expect(throws: Fault.self) { try SettingsTree(yaml: yaml, file: "r.yaml") }
    #expect(fault?.kind == .badData)
    #expect(fault?.problem == problem)
    #expect(fault?.file == file)
  }

  @Test func depthAndSizeAreBounded() {
    let deep = #expect(throws: Fault.self) {
      try SettingsTree(yaml: String(repeating: "[", count: 100_000), file: "r.yaml")
    }
    #expect(deep?.problem == "this is not valid YAML")
    // Each of five lists repeats the one before ten times. Six lines make hundreds of thousands of values.
    let lists = zip("abcde", ["1", "*a", "*b", "*c", "*d"]).map { name, element in
      "\(name): &\(name) [\(Array(repeating: element, count: 10).joined(separator: ","))]\n"
    }
    let large = #expect(throws: Fault.self) {
      try SettingsTree(yaml: lists.joined() + "f: [*e,*e,*e,*e,*e]", file: "r.yaml")
    }
    #expect(large?.problem == "the recipe is too large")
  }

  /// PyYAML reads the same maps.
  @Test(arguments: [
    ("a: &a {b: 1, c: 2}\nm: {<<: *a, c: 3}", "{b: 1, c: 3}"),
    ("a: &a {b: 1}\nm: {c: 3, <<: {c: 4, d: 5}}", "{c: 3, d: 5}"),
    ("a: &a {b: 1}\ne: &e {b: 2, c: 4}\nm:\n  <<: [*a, *e]", "{b: 1, c: 4}"),
    ("a: &a {b: {x: 1, y: 2}}\nm: {<<: *a, b: {x: 3}}", "{b: {x: 3}}"),
    ("m: {\"<<\": 1}", "{\"<<\": 1}"),
  ])
  func mergesMaps(yaml: String, merged: String) throws {
    func members(_ yaml: String) throws -> [String: String] {
      let tree = try SettingsTree(yaml: yaml, file: "r.yaml")
      guard case .map(let root) = tree.content, case .map(let members) = root["m"]?.content else { return [:] }
      return Dictionary(uniqueKeysWithValues: members.map { ($0, $1.yaml()) })
    }
    let found = try members(yaml)
    #expect(try !found.isEmpty && found == members("m: \(merged)"))
  }

  @Test func anOverrideIsNamedInTheFault() {
    let fault = #expect(throws: Fault.self) { try Example.read(yaml: "", overrides: ["training.epochs=x"]) }
    #expect(fault?.file == nil)
    #expect(fault?.found == "`x` (in `--set training.epochs=x`)")
    let unknown = #expect(throws: Fault.self) { try Example.read(yaml: "", overrides: ["training.epoch=1"]) }
    #expect(unknown?.found == "`epoch` (in `--set training.epoch=1`)")
    #expect(unknown?.remedy == "did you mean `epochs`?")
  }

  @Test func aFileThatIsNotThereIsMissingInput() {
    let fault = #expect(throws: Fault.self) { try SettingsTree(contentsOf: "/none/r.yaml") }
    #expect(fault?.kind == .missingInput)
    #expect(fault?.file == "/none/r.yaml")
  }

  /// A text that could be read as a number, a flag or another type comes back as a text.
  @Test(arguments: [
    "", "4", "-1", "1e3", ".5", "true", "No", "off", "null", "~", "a: b", "# x", "- x", "x ", "é🎵", "a\nb", "'", "\"",
    "[1]", "<<", "late_fusion", "*a", "&a", "!t", "%x", "@x", "`x`", "2026-01-01",
  ])
  func textsSurviveYAML(text: String) throws {
    let (_, resolved) = try SettingsReader.read(.empty) { (reader) throws(Fault) in
      try reader.list("texts", of: .string, default: [text, text])
    }
    let tree = try SettingsTree(yaml: resolved.yaml(), file: "r.yaml")
    let texts = try SettingsReader.read(tree) { (reader) throws(Fault) in
      try reader.list("texts", of: .string, default: [])
    }
    #expect(texts.value == [text, text])
  }

  /// An empty value stays one: in a list on one line, the emitter would put quotes around it.
  @Test(arguments: ["x: [a, ~]", "x:\n- a\n- ", "x:", "x: ''"]) func emptyValuesSurviveYAML(text: String) throws {
    let tree = try SettingsTree(yaml: text, file: "r.yaml")
    #expect(try SettingsTree(yaml: tree.yaml(), file: "again.yaml").json == tree.json)
  }

  @Test(arguments: [1e-5, 1e22, 0.1, 1 / 3, 5e-300, 12] as [Double])
  func numbersSurviveYAML(number: Double) throws {
    let read = { (tree: SettingsTree) throws(Fault) in
      try SettingsReader.read(tree) { (reader) throws(Fault) in try reader.double("x", default: number) }
    }
    let text = try read(.empty).resolved.yaml()
    #expect(text.contains("."))
    #expect(try read(SettingsTree(yaml: text, file: "r.yaml")).value == number)
  }

  @Test func aSectionMayBeReadInParts() throws {
    let tree = try SettingsTree(yaml: "model: {a: 1, b: 2}", file: "r.yaml")
    let (sum, _) = try SettingsReader.read(tree) { (reader) throws(Fault) in
      let a = try reader.section("model") { (model) throws(Fault) in try model.int("a", default: 0) }
      return a + (try reader.section("model") { (model) throws(Fault) in try model.int("b", default: 0) })
    }
    #expect(sum == 3)
  }

  @Test func rawValuesAreSomebodyElsesToRead() throws {
    let tree = try SettingsTree(yaml: "method: {anything: [1]}", file: "r.yaml")
    let (raw, resolved) = try SettingsReader.read(tree) { $0.raw("method") }
    #expect(raw?["anything"] != nil)
    #expect(resolved.yaml() == "method:\n  anything: [1]\n")
  }
}
