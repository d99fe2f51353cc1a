import Polyphony
import Testing
import Torch

/// Prompts on a frozen base: forms, places, patterns.
@Suite struct PromptTests {
  static let forms = ["published", "shared", "light"]
  static let architectures = ["mult", "late_fusion", "encoder_fusion", "early_fusion"]

  @Test(arguments: architectures, forms) func batchesEqualSingleSamples(architecture: String, form: String) throws {
    let model = try MissingFixtures.model(architecture, dtype: .float64)
    try MissingFixtures.install("prompts", "{form: \(form), length: 3, grid: 4, type: true}", on: model)
    try randomize(model)
    model.train(false)
    for padded in [false, true] {
      let inputs = MissingFixtures.split(9, patterns: true, padded: padded).samples.inputs.double
      let all = model(inputs).prediction
      let rows = (0..<inputs.count).map { model(inputs.rows(Tensor([$0]))).prediction }
      expectClose(.concatenated(rows), all, 1e-10, "padded: \(padded)")
      let order = Tensor([3, 1, 4, 0, 2, 8, 7, 5, 6])
      expectClose(model(inputs.rows(order)).prediction, all.rows(order), 1e-10, "permuted, padded: \(padded)")
    }
  }

  /// What lies in a missing modality, its length and what lies in padding change nothing.
  @Test(arguments: architectures, forms) func nothingLeaks(architecture: String, form: String) throws {
    let model = try MissingFixtures.model(architecture, dtype: .float64)
    try MissingFixtures.install("prompts", "{form: \(form), length: 3, grid: 4, type: true}", on: model)
    try randomize(model)
    model.train(false)
    let inputs = MissingFixtures.split(7, patterns: true, padded: true).samples.inputs.double
    var other = inputs
    for index in inputs.modalities.indices {
      let real = try #require(inputs.mask(index)).unsqueezed(2)
      let present = try #require(inputs.isPresent(index)).view(-1, 1, 1)
      other.modalities[index] = inputs.modalities[index].selected(
        where: real .& present, otherwise: .normal(inputs.modalities[index].shape) * 50)
      other.lengths[index] = inputs.lengths[index]?.selected(
        where: try #require(inputs.isPresent(index)), otherwise: Tensor(2, dtype: .int64))
    }
    expectClose(model(other).prediction, model(inputs).prediction, 1e-10, "another absent content")
  }

  /// With signal prompts alone, a complete sample gets them and nothing else; they start at zero.
  @Test(arguments: architectures) func completeInputsPassThrough(architecture: String) throws {
    let inputs = MissingFixtures.split(5).samples.inputs
    let model = try MissingFixtures.model(architecture)
    let before = model(inputs).prediction
    try MissingFixtures.install("prompts", "{type: false}", on: model)
    expectClose(model(inputs).prediction, before, 1e-7, "at start")
    let withPresence = {
      var inputs = inputs
      inputs.presence = .ones([5, 3], dtype: .bool)
      return inputs
    }()
    for (key, stored) in model.attachments[0].storage() where !key.hasPrefix("signal.") || key.hasSuffix("missing") {
      noGrad { stored.tensor!.fillInPlace(0.7) }
    }
    expectClose(model(withPresence).prediction, before, 1e-7, "whatever the other prompts hold")
    let signal = try model.prompt("signal.text.present")
    noGrad { signal.copyInPlace(from: .normal(signal.shape)) }
    #expect(
      (model(withPresence).prediction - before).abs().maximum().item > 1e-4, "signal prompts reach the prediction")
  }

  /// x + s by hand: a signal prompt that is the same at all steps might as well be part of the projection's bias.
  @Test func signalPromptsAreAdded() throws {
    let inputs = MissingFixtures.split(5).samples.inputs
    let model = try MissingFixtures.model("late_fusion")
    try MissingFixtures.install("prompts", "{type: false, generative: false}", on: model)
    let shift = Tensor.normal([8])
    let signal = try model.prompt("signal.audio.present")
    noGrad { signal.copyInPlace(from: shift.unsqueezed(1).expanded(-1, 9)) }
    let other = try MissingFixtures.twin(of: model)
    let bias = try #require(other.backbone.storage().first { $0.key == "proj.1.bias" }).storage.tensor!
    let before = other(inputs).prediction
    noGrad { bias.addInPlace(shift) }
    expectClose(model(inputs).prediction, other(inputs).prediction, 1e-5, "signal prompt as a bias")
    #expect((other(inputs).prediction - before).abs().maximum().item > 1e-3)
  }

  /// Published and shared form coincide where the maps of each set are made of the shared pieces.
  @Test(arguments: [2, 3, 4]) func sharedEqualsPublished(count: Int) throws {
    let modalities = (0..<count).map { Modality.sequence("m\($0)", features: 3 + $0, length: 4 + $0) }
    let published = try MissingFixtures.model("mult", modalities, dtype: .float64)
    let shared = try MissingFixtures.twin(of: published)
    try MissingFixtures.install("prompts", "{form: published, length: 3}", on: published)
    try MissingFixtures.install("prompts", "{form: shared, length: 3}", on: shared)
    try randomize(shared)
    try noGrad {
      for (key, stored) in published.attachments[0].storage() {
        let target = stored.tensor!
        let parts = key.split(separator: ".").map(String.init)
        guard parts[0] == "time" else {
          target.copyInPlace(from: try shared.prompt(key))
          continue
        }
        if parts[3] == "bias" {
          target.copyInPlace(from: try shared.prompt("start.\(parts[1]).bias"))
        } else {
          let pieces = try parts[2].split(separator: "+").map { try shared.prompt("pair.\(parts[1]).\($0).weight") }
          target.copyInPlace(from: .concatenated([try shared.prompt("start.\(parts[1]).weight")] + pieces, 1))
        }
      }
    }
    let maps = published.attachments[0].storage().filter { $0.key.hasPrefix("time.") && $0.key.hasSuffix("weight") }
    #expect(maps.count == count * ((1 << (count - 1)) - 1), "M(2^(M−1) − 1) maps")
    let pieces = shared.attachments[0].storage().filter {
      ($0.key.hasPrefix("pair.") || $0.key.hasPrefix("start.")) && $0.key.hasSuffix("weight")
    }
    #expect(pieces.count == count * count, "M² maps")
    for padded in [false, true] {
      let inputs = MissingFixtures.split(2 * (1 << count), modalities, patterns: true, padded: padded).samples.inputs
        .double
      expectClose(shared(inputs).prediction, published(inputs).prediction, 1e-10, "padded: \(padded)")
    }
  }

  /// On a grid as fine as the sequences the light form is the shared one.
  @Test func lightEqualsSharedOnAFineGrid() throws {
    let light = try MissingFixtures.model(dtype: .float64)
    let shared = try MissingFixtures.twin(of: light)
    try MissingFixtures.install("prompts", "{form: light, length: 3, grid: 9}", on: light)
    try MissingFixtures.install("prompts", "{form: shared, length: 3}", on: shared)
    try randomize(light)
    try noGrad {
      for (key, stored) in shared.attachments[0].storage() { stored.tensor!.copyInPlace(from: try light.prompt(key)) }
    }
    let inputs = MissingFixtures.split(14, patterns: true).samples.inputs.double
    expectClose(light(inputs).prediction, shared(inputs).prediction, 1e-10, "light on a fine grid")
  }

  @Test(arguments: architectures, [2, 5, 7]) func anyNumberOfModalities(architecture: String, count: Int) throws {
    let modalities = (0..<count).map { index in
      index == 1 ? Modality.vector("m1", features: 4) : .sequence("m\(index)", features: 3 + index, length: 4 + index)
    }
    let model = try MissingFixtures.model(architecture, modalities)
    try MissingFixtures.install("prompts", "{length: 3, type: true}", on: model)
    let prompts = try #require(model.attachments[0] as? MissingModalityPrompts)
    #expect(prompts.form != .published || count <= 3)
    let data = MissingFixtures.split(min(40, 1 << count), modalities, patterns: true)
    let output = model(data.samples.inputs)
    #expect(output.prediction.shape == [data.count, 1] && output.prediction.isFinite)
  }

  /// Each sequence holds its type prompts, T_m Σ s_k E_k, worked out by hand for one pattern.
  @Test func typePromptsAreAppended() throws {
    let model = try MissingFixtures.model()
    try MissingFixtures.install("prompts", "{form: shared, length: 3}", on: model)
    try randomize(model)
    var inputs = MissingFixtures.split(2).samples.inputs
    inputs.presence = MissingFixtures.presence([[1, 1, 1], [1, 0, 1]])
    let encoded = model(inputs, encodings: true).encoded
    #expect(encoded.map(\.length) == [7 + 3, 9 + 3, 5 + 3])
    for (row, states) in [["present", "present", "present"], ["present", "missing", "present"]].enumerated() {
      let sum = try zip(["text", "audio", "vision"], states).map { name, state in
        try model.prompt("signal.\(name).\(state)").matmul(try model.prompt("coupling.\(name).weight"))
      }
      for (index, tokens) in encoded.enumerated() {
        let expected = try model.prompt("type_prompt")[index].matmul(sum[0] + sum[1] + sum[2])
        expectClose(tokens.values[row].slice(0, tokens.length - 3), expected, 1e-5, "row \(row), modality \(index)")
      }
    }
  }

  /// Missing audio by hand: GELU(U G + b + Σ U_k GELU(W_k x_k)) + s.
  @Test func generatedSequencesFollowTheFormula() throws {
    let model = try MissingFixtures.model("late_fusion")
    try MissingFixtures.install("prompts", "{form: published, length: 2, type: false}", on: model)
    try randomize(model)
    var inputs = MissingFixtures.split(1).samples.inputs
    inputs.presence = MissingFixtures.presence([[1, 0, 1]])
    let parts = try [("text", 0), ("vision", 2)].map { name, index in
      let weight = try model.prompt("features.\(name).audio.weight").squeezed(2)
      return inputs.modalities[index][0].linear(weight, try model.prompt("features.\(name).audio.bias")).gelu()
    }
    let joined = Tensor.concatenated([try model.prompt("generative_prompt")[1].transposed()] + parts)
    let map = try model.prompt("time.audio.text+vision.weight").squeezed(2)
    let bias = try model.prompt("time.audio.text+vision.bias").unsqueezed(1)
    let expected = (map.matmul(joined) + bias).gelu() + (try model.prompt("signal.audio.missing")).transposed()
    let attachment = model.attachments[0]
    let found = attachment.embedded(model.backbone.embed(inputs), ForwardContext(inputs))[1].values[0]
    expectClose(found, expected, 1e-5, "made-up audio")
  }

  private func randomize(_ model: MultimodalModel) throws {
    let generator = Generator(seed: 8)
    for (_, stored) in model.attachments[0].storage() {
      noGrad { stored.tensor!.copyInPlace(from: .normal(stored.tensor!.shape, generator: generator) * 0.3) }
    }
  }
}
