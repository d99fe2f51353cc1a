import Foundation
import Polyphony
import Testing
import Torch

/// Rules of missing data and their masks.
@Suite struct MissingProtocolTests {
  static func samples(_ count: Int, _ modalities: [Modality] = MissingFixtures.modalities, padded: Bool = false)
    -> UnlabelledSplit
  {
    MissingFixtures.split(count, modalities, padded: padded).samples
  }

  @Test(arguments: [
    "sample:0.7", "modality:0.5", "token:0.3", "fixed:text+audio", "fixed:audio", "complete", "sample:0.0",
    "segment:0.4", "each:text=0.1,audio=0.6",
  ])
  func namesComeBack(name: String) throws { #expect(try MissingProtocol(name).description == name) }

  @Test(arguments: [
    "", "samples:0.5", "sample", "sample:", "sample:x", "sample:1.2", "sample:-0.1", "sample:nan", "modality:1",
    "token:1",
    "fixed:", "fixed", "fixed:text+", "fixed:text+text", "none", "sample:0.5:1",
    "segment:1", "segment", "each", "each:", "each:text", "each:text=1.5", "each:text=-0.1", "each:text=nan",
    "each:text=0.1,", "each:=0.5", "each:text=0.1,text=0.2", "each:text=0.1=0.2",
  ])
  func nonsenseIsAFault(name: String) {
    let fault = expectFault(.usage) { _ = try MissingProtocol(name) }
    #expect(fault?.key == "--missing" && fault?.found == name)
  }

  @Test func whatTheDataCannotLose() throws {
    let three = MissingFixtures.modalities
    expectFault(.usage) { try MissingProtocol("fixed:speech").check(three) }
    let nothing = expectFault(.usage) { try MissingProtocol("fixed:text+audio+vision").check(three) }
    #expect(nothing?.problem == "nothing would be present")
    expectFault(.usage) { try MissingProtocol("modality:0.7").check(three) }
    try MissingProtocol("modality:0.66").check(three)
    expectFault(.usage) { try MissingProtocol("sample:0.1").check([three[0]]) }
    expectFault(.usage) { try MissingProtocol("modality:0.1").check([three[0]]) }
    try MissingProtocol("complete").check([three[0]])
    expectFault(.usage) { try MissingProtocol("each:text=0.1,speech=0.2").check(three) }
    expectFault(.usage) { try MissingProtocol("each:text=1,audio=1,vision=1").check(three) }
    try MissingProtocol("each:text=1,audio=1").check(three)
    expectFault(.usage) { try MissingProtocol("segment:0.1").check([.vector("face", features: 2)]) }
    #expect(
      expectFault(.usage) { try MissingProtocol("fixed:txt").check(three) }?.remedy?.contains("text") == true,
      "a suggestion")
  }

  @Test(arguments: [0.0, 0.1, 0.5, 0.7, 1.0]) func sampleMeetsItsRate(rate: Double) throws {
    let mask = try MissingProtocol.sample(rate).mask(for: Self.samples(4000), MissingFixtures.modalities, seed: 1)
    let codes = MissingPatternCodes.of(
      Inputs([.zeros([4000])] + [.zeros([4000]), .zeros([4000])], presence: mask.presence))
    let incomplete = codes.filter { $0 != 7 }
    #expect(abs(Double(incomplete.count) / 4000 - rate) < 0.03)
    #expect(!codes.contains(0), "no empty sample")
    if rate > 0.4 {
      for code in 1...6 {
        let share = Double(incomplete.filter { $0 == code }.count) / Double(incomplete.count)
        #expect(abs(share - 1 / 6) < 0.03, "pattern \(code): \(share)")
      }
    }
  }

  @Test(arguments: [0.0, 0.1, 0.35, 0.5, 0.6, 0.666]) func modalityMeetsItsRate(rate: Double) throws {
    let mask = try MissingProtocol.modality(rate).mask(for: Self.samples(500), MissingFixtures.modalities, seed: 2)
    #expect(abs(mask.missingRate - rate) < 1 / 1500.0, "exactly, up to one entry")
    #expect(mask.presence.to(.int64).sum(1).minimum().item >= 1, "no empty sample")
    let perModality = mask.presence.to(.float64).mean(0).doubles
    #expect(perModality.allSatisfy { abs($0 - (1 - rate)) < 0.08 }, "no modality is preferred: \(perModality)")
  }

  @Test(arguments: [0.0, 0.3, 0.5, 0.9], [false, true]) func tokenMeetsItsRate(rate: Double, padded: Bool) throws {
    let modalities: [Modality] = [.sequence("text", features: 1, length: 40), .vector("face", features: 2)]
    let samples = Self.samples(400, modalities, padded: padded)
    let mask = try MissingProtocol.token(rate).mask(for: samples, modalities, seed: 3)
    let kept = try #require(mask.tokens[0])
    #expect(mask.tokens[1] == nil && mask.missingRate == 0, "a vector has no steps to lose")
    let real = samples.inputs.mask(0) ?? .ones([400, 40], dtype: .bool)
    let left = (kept.to(.bool) .& real).to(.float64).sum(1)
    #expect(left.minimum().item >= 1, "no empty sequence")
    let lost = 1 - left.sum().item / real.to(.float64).sum().item
    #expect(abs(lost - rate) < (padded ? 0.05 : 0.02), "\(lost)")
    #expect(
      kept.to(.bool).selected(where: .!real, otherwise: .ones([1], dtype: .bool)).to(.int64).minimum().item == 1,
      "padding stays")
  }

  @Test(arguments: [0.0, 0.3, 0.5, 0.9], [false, true]) func segmentIsOneGap(rate: Double, padded: Bool) throws {
    let modalities: [Modality] = [.sequence("text", features: 1, length: 40), .vector("face", features: 2)]
    let samples = Self.samples(400, modalities, padded: padded)
    let mask = try MissingProtocol.segment(rate).mask(for: samples, modalities, seed: 3)
    #expect(mask.tokens[1] == nil && mask.missingRate == 0, "a vector has no steps to lose")
    let kept = try #require(mask.tokens[0]).integers
    let lengths = samples.inputs.lengths[0]?.integers ?? Array(repeating: 40, count: 400)
    var (lost, places) = (0, Set<Int>())
    for (row, length) in lengths.enumerated() {
      let gap = (0..<40).filter { kept[row * 40 + $0] == 0 }
      #expect(gap.allSatisfy { $0 < length } && gap.count < length, "padding stays, and a step")
      if let first = gap.first, let last = gap.last { #expect(last - first + 1 == gap.count, "one gap") }
      lost += gap.count
      if length == 40, let first = gap.first { places.insert(first) }
    }
    #expect(abs(Double(lost) / Double(lengths.reduce(0, +)) - rate) < (padded ? 0.05 : 0.02))
    if rate == 0.3, !padded { #expect(places.count > 20, "gaps are everywhere") }
  }

  @Test func eachMeetsItsRates() throws {
    let rule = try MissingProtocol("each:vision=0.6,text=0.1")
    let mask = try rule.mask(for: Self.samples(4000), MissingFixtures.modalities, seed: 1)
    let missing = mask.presence.to(.float64).mean(0).doubles.map { 1 - $0 }
    for (found, rate) in zip(missing, [0.1, 0, 0.6]) { #expect(abs(found - rate) < 0.03, "\(missing)") }
    let crowded = try MissingProtocol("each:text=1,audio=1,vision=0.9")
      .mask(for: Self.samples(500), MissingFixtures.modalities, seed: 1)
    #expect(crowded.presence.to(.int64).sum(1).minimum().item == 1, "no empty sample")
    #expect(crowded.presence.to(.int64).sum(0).minimum().item > 100, "any modality may be the one that stays")
  }

  @Test(arguments: ["sample:0.6", "modality:0.4", "token:0.4", "segment:0.4", "each:text=0.5", "fixed:vision"])
  func sameSeedSameMask(name: String) throws {
    let rule = try MissingProtocol(name)
    let samples = Self.samples(50)
    let one = try rule.mask(for: samples, MissingFixtures.modalities, seed: 7)
    #expect(try rule.mask(for: samples, MissingFixtures.modalities, seed: 7).hash == one.hash)
    let other = try rule.mask(for: samples, MissingFixtures.modalities, seed: 8)
    #expect((other.hash == one.hash) == (name == "fixed:vision"))
  }

  /// Masks stay in use for years, so a change of a seed's draw must not pass unnoticed.
  @Test func hashesAreStable() throws {
    let mask = try MissingProtocol.sample(0.7).mask(for: Self.samples(100), MissingFixtures.modalities, seed: 1)
    #expect(mask.hash == "10900bcb993681493e8c4e72f776de345c06b0a81554478ac7455cbff0a9c444")
    let tokens = try MissingProtocol.token(0.5).mask(for: Self.samples(100), MissingFixtures.modalities, seed: 1)
    #expect(tokens.hash == "985ac8d057f357e85ad3fbe551008fe79e15997102046643159e5e9c04cf6803")
  }

  @Test func higherRatesTakeMoreOfTheSame() throws {
    let samples = Self.samples(300)
    for family in ["sample", "modality", "token", "segment"] {
      var before: MissingMask?
      for rate in ["0.0", "0.2", "0.4", "0.6"] {
        let mask = try MissingProtocol("\(family):\(rate)").mask(for: samples, MissingFixtures.modalities, seed: 4)
        if let before {
          #expect((mask.presence .> before.presence).to(.int64).sum().item == 0, "\(family) \(rate)")
          for (now, then) in zip(mask.tokens, before.tokens) {
            if let now, let then { #expect((now .> then).to(.int64).sum().item == 0, "\(family) \(rate)") }
          }
        }
        before = mask
      }
    }
  }

  @Test(arguments: ["sample:0.5", "token:0.5", "segment:0.5", "each:text=0.5,audio=0.2"]) func filesComeBack(
    name: String
  ) throws {
    try withTemporaryFolder { folder in
      let samples = Self.samples(20, padded: true)
      let mask = try MissingProtocol(name).mask(for: samples, MissingFixtures.modalities, seed: 12)
      try mask.write(to: "\(folder)/mask.safetensors")
      let again = try MissingMask(contentsOf: "\(folder)/mask.safetensors")
      #expect(again.hash == mask.hash && again.protocolName == name && again.seed == 12)
      try again.check(for: samples, MissingFixtures.modalities)
      expectFault(.badData) { try again.check(for: Self.samples(21), MissingFixtures.modalities) }
      expectFault(.badData) { try again.check(for: samples, MissingFixtures.modalities.reversed()) }

      var bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/mask.safetensors"))
      bytes[bytes.count - 1] ^= 1
      try bytes.write(to: URL(fileURLWithPath: "\(folder)/broken.safetensors"))
      expectFault(.badData) { _ = try MissingMask(contentsOf: "\(folder)/broken.safetensors") }
      try SafetensorsWriter.write(to: "\(folder)/other.safetensors", [.init("presence", mask.presence)])
      expectFault(.badData) { _ = try MissingMask(contentsOf: "\(folder)/other.safetensors") }
    }
  }

  @Test func wrongMasksAreFaults() throws {
    func make(_ presence: Tensor, _ tokens: [Tensor?]? = nil) throws {
      _ = try MissingMask(protocolName: "own", seed: 0, modalities: ["a", "b"], presence: presence, tokens: tokens)
    }
    try make(Tensor([UInt8(1), 0, 0, 1], shape: [2, 2]))
    let empty = expectFault(.badData) { try make(Tensor([UInt8(1), 0, 0, 0], shape: [2, 2])) }
    #expect(empty?.problem == "nothing is present in a sample" && empty?.found == "row 1 is all 0")
    expectFault(.badData) { try make(Tensor([UInt8(1), 0, 1], shape: [1, 3])) }
    expectFault(.badData) { try make(Tensor([UInt8(2), 0], shape: [1, 2])) }
    expectFault(.badData) { try make(Tensor([Float(1), 0], shape: [1, 2])) }
    expectFault(.badData) {
      try make(Tensor([UInt8(1), 1], shape: [1, 2]), [Tensor([UInt8(1), 0], shape: [2, 1]), nil])
    }
    let long = try MissingMask(
      protocolName: "own", seed: 0, modalities: ["text", "audio", "vision"], presence: .ones([2, 3], dtype: .uint8),
      tokens: [.ones([2, 8], dtype: .uint8), nil, nil])
    expectFault(.badData) { try long.check(for: Self.samples(2), MissingFixtures.modalities) }
  }

  @Test func whatTheDataLacksStaysMissing() throws {
    var inputs = Self.samples(3).inputs
    inputs.presence = MissingFixtures.presence([[1, 1, 0], [0, 1, 0], [1, 1, 1]])
    let mask = try MissingProtocol("fixed:audio").mask(
      for: UnlabelledSplit(name: "x", inputs: inputs), MissingFixtures.modalities, seed: 0)
    let left = mask.apply(to: inputs, indices: [0, 1, 2]).presence
    #expect(left?.integers == [1, 0, 0, 0, 1, 0, 1, 0, 1], "the second sample keeps the only thing it has")
    let complete = try MissingProtocol("complete").mask(
      for: UnlabelledSplit(name: "x", inputs: inputs), MissingFixtures.modalities, seed: 0)
    #expect(
      complete.apply(to: Self.samples(3).inputs, indices: [0, 1, 2]).presence == nil, "complete inputs stay as they are"
    )
  }

  /// Lost steps are zero after normalisation, and their content has no influence.
  @Test(arguments: ["late_fusion", "mult"]) func lostStepsAreNotSeen(architecture: String) throws {
    let model = try MissingFixtures.model(architecture)
    let samples = Self.samples(6)
    let mask = try MissingProtocol("token:0.5").mask(for: samples, MissingFixtures.modalities, seed: 0)
    let lost = mask.apply(to: samples.inputs, indices: Array(0..<6))
    var other = lost
    var zeroed = samples.inputs
    for index in 0..<3 {
      let kept = try #require(mask.tokens[index]).to(.bool).unsqueezed(2)
      other.modalities[index] = lost.modalities[index].selected(where: kept, otherwise: Tensor(99))
      zeroed.modalities[index] = lost.modalities[index].selected(where: kept, otherwise: Tensor(0))
    }
    #expect(model(other).prediction.floats == model(lost).prediction.floats)
    #expect(model(zeroed).prediction.floats == model(lost).prediction.floats)
    #expect(lost.rows(Tensor([4])).kept[0]?.integers == mask.tokens[0]?.rows(Tensor([4])).integers, "rows keep it")
  }
}
