import Polyphony
import Testing
import Torch

/// What a backbone from outside may answer to the questions of methods.
@Suite struct BackboneRequirementTests {
  /// A backbone whose parts have other names, and whose answers a test chooses.
  private final class Named: Module, Backbone {
    var configuration: ModelConfiguration
    @Child("stem") var stems: [Conv1d]
    @Child("body") var encoders: [TransformerEncoder]
    @Child("meeting") var meeting: TransformerEncoder
    @Child("hidden") var hidden: Linear
    @Child("answer") var outputLayer: Linear

    var site: PromptSite?
    /// Whether the representation is the mean of the joined sequence; its first step otherwise.
    var readsMean = true
    /// Whether the fusion encoder acts.
    var attends = true
    /// Steps that embedding joins to one.
    var stride = 1

    init(_ modalities: [Modality] = MissingFixtures.modalities) {
      configuration = MissingFixtures.configuration("named", modalities, layers: 2)
      super.init()
      stems = configuration.projections()
      encoders = modalities.map { _ in configuration.encoder() }
      meeting = configuration.encoder()
      hidden = Linear(configuration.width, configuration.width)
      outputLayer = Linear(configuration.width, configuration.task.outputs)
      site = PromptSite(.encoded, width: configuration.width)
    }

    func embed(_ inputs: Inputs) -> [Tokens] {
      project(inputs, with: stems).map { Tokens($0.values.slice(1, 0, max(1, $0.length / stride))) }
    }
    func encode(_ embedded: [Tokens], afterLayer: LayerHook?) -> [Tokens] {
      encode(embedded, with: encoders, afterLayer: afterLayer)
    }
    func fuse(_ encoded: [Tokens]) -> [Tokens] { attends ? joined(encoded, by: meeting) : [Tokens.joined(encoded)] }
    func fuse(_ encoded: [Tokens], afterLayer: LayerHook?) -> [Tokens] {
      joined(encoded, by: meeting, afterLayer: afterLayer)
    }
    func represent(_ fused: [Tokens]) -> Tensor { readsMean ? fused[0].pooled : fused[0].first }
    func headFeatures(_ representation: Tensor) -> Tensor { hidden(representation).relu() }

    static let headPrefixes = ["hidden", "answer"]
    func encoderPrefixes(_ index: Int) -> [String] { ["stem.\(index).", "body.\(index)."] }
    var projectionPrefixes: [String] { ["stem."] }
    var promptSite: PromptSite? { site }
  }

  private let inputs = MissingFixtures.split(7, patterns: true).samples.inputs

  @Test(arguments: ["prompts", "missing_aware_prompts", "reconstruction"])
  func partsAreFoundByTheBackbonesNames(method: String) throws {
    let model = MultimodalModel(Named())
    try MissingFixtures.install(method, on: model)
    let trained = Set(model.backbone.trainableParameters().map { $0.key.split(separator: ".")[0] })
    #expect(trained == ["stem", "answer"])
    #expect(model(inputs).prediction.isFinite)
  }

  @Test func modalitiesMeetWhereNoEncoderIsOneModalitysOwn() {
    let keys = AdaptedTensors(.attention).keys(in: Named())
    #expect(keys.count == 4 && keys.allSatisfy { $0.hasPrefix("meeting.layers.") })
  }

  @Test(arguments: [true, false]) func wanderActsAfterEveryLayerOfAnyFusionEncoder(readsMean: Bool) throws {
    let backbone = Named()
    backbone.readsMean = readsMean
    let model = MultimodalModel(backbone)
    model.train(false)
    let before = model(inputs).prediction
    _ = try TuningCase("wander", TuningCase.small + ", placement: every").install(on: model)
    expectClose(model(inputs).prediction, before, 1e-5, "the start is the base's")
    let keys = model.attachments[0].parameters().map(\.key)
    for site in 0..<4 {
      let isLast = site == 3
      let returns = keys.filter { $0.hasPrefix("sites.\(site).returns.") }.count
      #expect(returns == (isLast && !readsMean ? 1 : 3), "site \(site)")
    }
    scatter(model)
    model(inputs).prediction.sum().backward()
    for (key, stored) in model.attachments[0].parameters() where key.contains("returns") {
      #expect(try #require(stored.tensor?.gradient).abs().maximum().item > 0, "\(key) reaches the prediction")
    }
  }

  private func refusal(_ method: String, _ change: (Named) -> Void) throws -> Fault {
    let backbone = Named()
    change(backbone)
    return try #require(
      expectFault(.usage) {
        try MissingFixtures.install(method, method == "prompts" ? "{type: true}" : "", on: MultimodalModel(backbone))
      })
  }

  @Test(arguments: ["prompts", "missing_aware_prompts"]) func aSiteThatDoesNotServeIsRefused(method: String) throws {
    let none = try refusal(method) { $0.site = nil }
    #expect(none.found == "named" && none.expected != nil && none.remedy?.contains("promptSite") == true)
    let wide = try refusal(method) { $0.site?.width = 9 }
    #expect(wide.found == "8, 8, 8" && wide.expected == "9 features after encoded" && wide.remedy != nil)
    let deaf = try refusal(method) { ($0.attends, $0.readsMean) = (false, false) }
    #expect(deaf.found?.contains("same representation") == true && deaf.remedy?.contains("named") == true)
  }

  @Test(arguments: ["prompts", "reconstruction"]) func otherEmbeddingsAreRefused(method: String) throws {
    let fault = try refusal(method) { $0.stride = 2 }
    #expect(fault.found?.contains("[3, 8]") == true && fault.expected?.contains("[7, 8]") == true)
    // Prompts for patterns make up nothing.
    let backbone = Named()
    backbone.stride = 2
    let model = MultimodalModel(backbone)
    try MissingFixtures.install("missing_aware_prompts", on: model)
    #expect(model(inputs).prediction.isFinite)
  }

  /// Prompts without type prompts need no site. Outside `mult` they have none unless a recipe asks for them.
  @Test func promptsWithoutStepsNeedNoSite() throws {
    let backbone = Named()
    backbone.site = nil
    try MissingFixtures.install("prompts", on: MultimodalModel(backbone))
  }

  @Test func imagesAreRefusedByName() throws {
    let model = try Tiny.model(Tiny.configuration("deeplab_v3plus", .segmentation, modalities: 2))
    for method in ["missing_aware_prompts", "reconstruction", "retrieval"] {
      let fault = expectFault(.usage) { try MissingFixtures.install(method, on: model) }
      #expect(fault?.found == "the image m0" && fault?.remedy != nil)
    }
  }
}
