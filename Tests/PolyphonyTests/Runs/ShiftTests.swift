import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySettings
@testable import PolyphonySupport

/// Corruptions change the right inputs by the right amount, and no others.
@Suite struct ShiftTests {
  static let modalities: [Modality] = [
    .sequence("text", features: 10, length: 20), .vector("profile", features: 12),
    .image("picture", channels: 4, height: 10, width: 20),
  ]

  /// Makes samples that are smooth in time, so that a later step is further away. Their features have very different
  /// scales, and one never changes.
  private func split(count: Int = 60, presence: Bool = true) -> UnlabelledSplit {
    let generator = Generator(seed: 8)
    let time = Tensor.range(20).to(.float32)
    let scales: [Float] = (1...10).map { number in number == 10 ? 0 : 0.1 * Float(number * number) }
    let scale = Tensor(scales)
    let slope = Tensor.normal([count, 1, 10], generator: generator) + 1
    let text = time.reshaped(1, 20, 1) * slope * scale + 5
    let profile = Tensor.normal([count, 12], generator: generator) * 3 + 2
    let picture = time.reshaped(1, 1, 1, 20) + Tensor.normal([count, 4, 10, 1], generator: generator)
    let lengths = Tensor((0..<count).map { 5 + $0 % 16 })
    let real = (time.unsqueezed(0) .< lengths.unsqueezed(1)).to(.float32).unsqueezed(2)
    let there = Tensor((0..<(count * 3)).map { $0 % 7 != 3 }, shape: [count, 3])
    return UnlabelledSplit(
      name: "target",
      inputs: Inputs([text * real, profile, picture], lengths: [lengths, nil, nil], presence: presence ? there : nil),
      ids: Array(100..<(100 + count)))
  }

  private func distance(_ one: Inputs, _ other: Inputs) -> Double {
    zip(one.modalities, other.modalities).reduce(0) { $0 + ($1.0 - $1.1).abs().to(.float64).sum().item }
  }

  @Test(arguments: Shift.Kind.allCases) func severitiesGrow(kind: Shift.Kind) throws {
    let split = split()
    var last = 0.0
    for severity in 0...5 {
      let shift = try Shift(kind, severity: severity)
      #expect(shift.description == "\(kind.rawValue):\(severity)")
      #expect(try Shift(named: shift.description) == shift)
      let one = try shift.applied(to: split, Self.modalities, seed: 4)
      let same = try shift.applied(to: split, Self.modalities, seed: 4)
      #expect(zip(one.inputs.modalities, same.inputs.modalities).allSatisfy { $0.floats == $1.floats })
      #expect(one.inputs.presence?.integers == same.inputs.presence?.integers)
      #expect(one.inputs.modalities.allSatisfy { $0.isFinite })
      let now = distance(one.inputs, split.inputs)
      #expect(severity == 0 ? now == 0 : now > last, "severity \(severity): \(now) after \(last)")
      last = now
      #expect(one.ids == split.ids && one.name == split.name)
      if severity == 3, kind != .shift {
        let other = try shift.applied(to: split, Self.modalities, seed: 5)
        #expect(
          distance(one.inputs, other.inputs) > 0 || one.inputs.presence!.integers != other.inputs.presence!.integers)
      }
    }
  }

  /// One event takes the same moments from all sequences, whatever their lengths.
  @Test func allModalitiesAreHitAtOnce() throws {
    let modalities: [Modality] = [
      .sequence("text", features: 3, length: 10), .sequence("audio", features: 2, length: 20),
    ]
    let generator = Generator(seed: 2)
    let split = UnlabelledSplit(
      name: "x", inputs: Inputs(modalities.map { .normal([50] + $0.sampleShape, generator: generator) }))
    func changed(_ name: String) throws -> [[Int]] {
      let shifted = try Shift(named: name).applied(to: split, modalities, seed: 4).inputs
      return zip(shifted.modalities, split.inputs.modalities).map { pair in
        (pair.0 .== pair.1).to(.int64).sum(2).integers.map { $0 == 0 ? 1 : 0 }
      }
    }
    let together = try changed("both:drop:3")
    // The moments of text among those of audio: step i of 10 is at moment 2i of 20.
    func moments(_ audio: [Int]) -> [Int] {
      var result: [Int] = []
      for sample in 0..<50 { for step in 0..<10 { result.append(audio[sample * 20 + step * 2]) } }
      return result
    }
    let expected = moments(together[1])
    #expect(together[0] == expected && expected.contains(1) && expected.contains(0))
    let apart = try changed("drop:3")
    #expect(apart[0] != moments(apart[1]))
    let shift = try Shift(named: "both:missing:5")
    #expect(shift.description == "both:missing:5" && shift.family == "both:missing")
    let left = try #require(try shift.applied(to: split, modalities, seed: 4).inputs.presence).to(.int64).sum(1)
      .integers
    #expect(Set(left) == [1, 2] && abs(left.filter { $0 == 1 }.count - 45) < 6)
    let fault = expectFault(.usage) {
      _ = try Shift(named: "both:swap:2").applied(
        to: UnlabelledSplit(name: "x", inputs: Inputs([.ones([4, 3]), .ones([4, 1])])),
        [.vector("a", features: 3), .vector("b", features: 1)], seed: 0)
    }
    #expect(fault?.found?.contains("b (vector)") == true, "a shift of all modalities spares none")
  }

  /// Another scanner's contrast and an uneven coil keep the order of neighbouring values, and the outside of the brain.
  @Test(arguments: [Shift.Kind.gamma, .bias]) func imagesOfAnotherScanner(kind: Shift.Kind) throws {
    let rows = Tensor.range(12).to(.float32).reshaped(1, 1, 12, 1) * 0.1
    let image = (rows + Tensor.range(9).to(.float32).reshaped(1, 1, 1, 9) * 0.01 - 0.5).expanded(3, 1, 12, 9)
    let outside = Tensor.range(9).reshaped(1, 1, 1, 9) .> 6
    let split = UnlabelledSplit(name: "x", inputs: Inputs([image.filled(0, where: outside)]))
    let modalities = [Modality.image("flair", channels: 1, height: 12, width: 9)]
    let changed = try Shift(kind, severity: 2).applied(to: split, modalities, seed: 3).inputs.modalities[0]
    #expect((changed.filled(0, where: .!outside)).floats.allSatisfy { $0 == 0 })
    let column = changed.select(3, 2)[0].floats
    if kind == .gamma {
      #expect(zip(column, column.dropFirst()).allSatisfy { $0 < $1 }, "the order stays")
      let (before, after) = (split.inputs.modalities[0], changed)
      #expect(abs(before.minimum(0, 1, 2, 3).item - after.minimum(0, 1, 2, 3).item) < 1e-4)
      #expect(abs(before.maximum(0, 1, 2, 3).item - after.maximum(0, 1, 2, 3).item) < 1e-4)
    } else {
      // The field is smooth: neighbouring factors differ little.
      let least = split.inputs.modalities[0].minimum(0, 1, 2, 3).item
      let ratio = zip(column, split.inputs.modalities[0].select(3, 2)[0].floats).dropFirst().map {
        (Double($0) - least) / (Double($1) - least)
      }
      #expect(zip(ratio, ratio.dropFirst()).allSatisfy { abs($0 / $1 - 1) < 0.25 })
      #expect(ratio.max()! / ratio.min()! > 1.05)
    }
    let words = Shift.Kind.allCases.filter { $0.canChange(.vector("force", features: 3)) }
    #expect(!words.contains(kind) && words.contains(.swap))
  }

  @Test(arguments: Shift.Kind.allCases) func paddingAndAbsentModalitiesStay(kind: Shift.Kind) throws {
    let split = split()
    let shift = try Shift(kind, severity: 5)
    let inputs = try shift.applied(to: split, Self.modalities, seed: 1).inputs
    #expect(inputs.lengths[0]?.integers == split.inputs.lengths[0]?.integers)
    let padding = .!split.inputs.mask(0)!.unsqueezed(2)
    let before = split.inputs.modalities
    if kind != .missing {
      #expect((inputs.modalities[0] * padding).floats == (before[0] * padding).floats)
      #expect(inputs.presence?.integers == split.inputs.presence?.integers)
    }
    for index in 0..<3 {
      let absent = (0..<60).filter { split.inputs.presence!.integers[$0 * 3 + index] == 0 }
      let rows = Tensor(absent)
      #expect(inputs.modalities[index].rows(rows).floats == before[index].rows(rows).floats)
    }
  }

  @Test(arguments: [Shift.Kind.noise, .gain, .drop, .swap]) func strengthsAreInDeviations(kind: Shift.Kind) throws {
    let split = split(presence: false)
    let inputs = try Shift(kind, severity: 3).applied(to: split, Self.modalities, seed: 1).inputs
    let statistics = Shift.statistics(of: split, Self.modalities)["text"]!
    let change = (inputs.modalities[0] - split.inputs.modalities[0]).squared().to(.float64)
    let steps = split.inputs.mask(0)!.to(.float64).sum().item
    let perFeature = zip((change.sum(0, 1) / steps).sqrt().doubles, statistics.deviation).map { $0 / Double($1) }
    #expect(statistics.deviation[9] == 0 && change.select(2, 9).maximum().item < 1e-9, "a constant stays constant")
    if kind == .noise { for ratio in perFeature[..<9] { #expect(abs(ratio - 1) < 0.1, "noise:3 is σ: \(ratio)") } }
    #expect(perFeature[..<9].allSatisfy { $0 < 4 })
  }

  @Test func onlyTheNamedModality() throws {
    let split = split()
    for kind in [Shift.Kind.noise, .gain, .drop, .swap, .missing] {
      let inputs = try Shift(kind, severity: 4).applied(to: split, Self.modalities, only: ["profile"], seed: 1).inputs
      #expect(inputs.modalities[0].floats == split.inputs.modalities[0].floats)
      #expect(inputs.modalities[1].floats != split.inputs.modalities[1].floats)
      // A modality is corrupted in the same way, alone or together with the others.
      if kind != .missing {
        let all = try Shift(kind, severity: 4).applied(to: split, Self.modalities, seed: 1).inputs
        #expect(all.modalities[1].floats == inputs.modalities[1].floats)
      }
    }
  }

  @Test func droppedStepsAndMissingModalitiesLeaveSomething() throws {
    let split = split()
    let dropped = try Shift(.drop, severity: 5).applied(to: split, Self.modalities, seed: 1).inputs
    let kept = (dropped.modalities[0] .== split.inputs.modalities[0]).select(2, 0) .& split.inputs.mask(0)!
    let steps = kept.to(.int64).sum(1).integers
    #expect(steps.allSatisfy { $0 >= 1 } && steps.reduce(0, +) < 60 * 8)
    for only in [nil, ["text"], ["text", "profile", "picture"]] as [[String]?] {
      let missing = try Shift(.missing, severity: 5).applied(to: split, Self.modalities, only: only, seed: 1).inputs
      let left = missing.presence!.to(.int64).sum(1).integers
      let had = split.inputs.presence!.to(.int64).sum(1).integers
      #expect(left.allSatisfy { $0 >= 1 })
      #expect(left.reduce(0, +) < had.reduce(0, +) - 30)
      let gone = (.!missing.presence!.select(1, 0)) .& split.inputs.presence!.select(1, 0)
      let values = missing.modalities[0].rows(gone.nonZero().flattened())
      #expect(values.count > 0 && values.abs().maximum().item == 0, "what is removed cannot be read")
    }
  }

  @Test func delaysAreWithinRealSteps() throws {
    let split = split(presence: false)
    let late = try Shift(.shift, severity: 5).applied(to: split, Self.modalities, seed: 1).inputs.modalities[0]
    let before = split.inputs.modalities[0]
    // Sample 5 has 10 real steps. It is 4 steps late, and its first step is held.
    #expect(late[5][0..<4].floats == before[5][0..<1].expanded(4, 10).floats)
    #expect(late[5][4..<10].floats == before[5][0..<6].floats)
    #expect(late[5][10..<20].floats == before[5][10..<20].floats)
  }

  @Test func whatCannotBeShiftedIsAFault() throws {
    for name in ["noise", "noise:6", "noise:-1", "noise:x", "nose:3", "", "noise:3:4"] {
      let fault = #expect(throws: Fault.self) { try Shift(named: name) }
      #expect(fault?.kind == .usage && fault?.found == name)
    }
    #expect(throws: Fault.self) { try Shift(.gain, severity: 9) }
    let split = split()
    let unknown = #expect(throws: Fault.self) {
      try Shift(.noise, severity: 1).applied(to: split, Self.modalities, only: ["txt"], seed: 0)
    }
    #expect(unknown?.found == "txt" && unknown?.remedy?.contains("text") == true)
    #expect(throws: Fault.self) {
      try Shift(.shift, severity: 1).applied(to: split, Self.modalities, only: ["profile"], seed: 0)
    }
    let single = UnlabelledSplit(name: "one", inputs: Inputs([.ones([4, 3])]))
    #expect(throws: Fault.self) {
      try Shift(.missing, severity: 1).applied(to: single, [.vector("only", features: 3)], seed: 0)
    }
  }

  @Test func aCorruptedFolderIsADataSet() throws {
    try withTemporaryFolder { folder in
      var corpus = SyntheticSentiment()
      corpus.samples = 40
      try DatasetWriter.write(corpus.description, try corpus.make(), to: folder + "/data")
      let dataset = try Dataset(folder + "/data")
      let shift = try Shift(named: "noise:2")
      try dataset.write(corruptedBy: shift, only: ["audio"], seed: 6, to: folder + "/noisy")
      let noisy = try Dataset(folder + "/noisy")
      #expect(noisy.splitNames == dataset.splitNames && noisy.description.source?.contains("noise:2 of audio") == true)
      for name in dataset.splitNames {
        let (one, other) = (try dataset.labelled(name), try noisy.labelled(name))
        #expect(one.target.floats == other.target.floats && one.samples.ids == other.samples.ids)
        #expect(one.samples.inputs.modalities[0].floats == other.samples.inputs.modalities[0].floats)
        #expect(one.samples.inputs.modalities[1].floats != other.samples.inputs.modalities[1].floats)
        let direct = try dataset.labelled(name, corruptedBy: shift, only: ["audio"], seed: 6)
        #expect(direct.samples.inputs.modalities[1].floats == other.samples.inputs.modalities[1].floats, "as in memory")
      }
      #expect(throws: Fault.self) { try dataset.write(corruptedBy: shift, to: folder + "/data/") }
      try dataset.write(corruptedBy: shift, splits: ["test"], to: folder + "/partly")
      let partly = try Dataset(folder + "/partly")
      for (name, stays) in [("train", true), ("valid", true), ("test", false)] {
        let (one, other) = (try dataset.unlabelled(name).inputs, try partly.unlabelled(name).inputs)
        #expect((one.modalities[0].floats == other.modalities[0].floats) == stays)
      }
      let fault = #expect(throws: Fault.self) {
        try dataset.write(corruptedBy: shift, splits: ["tset"], to: folder + "/other")
      }
      #expect(fault?.found == "tset" && !FileManager.default.fileExists(atPath: folder + "/other"))
    }
  }

  @Test func aSweepHasARowForEachShiftAndMethod() throws {
    try withTemporaryFolder { folder in
      var corpus = SyntheticSentiment()
      corpus.samples = 40
      try DatasetWriter.write(corpus.description, try corpus.make(), to: folder + "/data")
      let dataset = try Dataset(folder + "/data")
      var configuration = Tiny.configuration("late_fusion", .regression)
      configuration.modalities = dataset.description.modalities
      let model = try Tiny.model(configuration)
      try ModelFolder.write(model.backbone, to: folder + "/base")
      let recipe = try SettingsTree(
        yaml: "adaptation: {batch_size: 6, contrast_epochs: 2, snapshot_interval: 1, epochs: 1, bins: 5}",
        file: "recipe.yaml")
      let sweep = ShiftSweep(
        base: folder + "/base", methods: ["source", "tent", "casp"],
        shifts: try ShiftSweep.shifts([.noise, .missing], severities: [0, 5]), recipe: recipe, seeds: [0, 1])
      var finished = 0
      let rows = try sweep.run(dataset) { _, _ in finished += 1 }
      #expect(rows.count == 4 * 3 && finished == 12)
      #expect(rows.map { $0.conditions["shift"] }.prefix(4) == ["noise:0", "noise:0", "noise:0", "noise:5"])
      #expect(rows.allSatisfy { $0.seeds == [0, 1] && $0.aggregates["mae"]?.mean != nil })
      let plain = try model.evaluate(try dataset.labelled("test")).metrics["mae"]
      #expect(rows[0].name == "source" && abs(rows[0].values[0]["mae"]! - plain!) < 1e-6)
      #expect(rows[3].values[0]["mae"]! != plain!)
      #expect(rows[2].parameters?.trainable == 3 * 4 * 8)
      #expect(rows[2].name == "casp" && rows[2].values[0].contains("pseudo/stable"))
      let means = ShiftSweep.means(rows)
      #expect(means.map(\.name) == ["source", "tent", "casp"] && means.allSatisfy { $0.conditions["shift"] == "mean" })
      let expected = stride(from: 1, to: 12, by: 3).map { rows[$0].values[1]["mae"]! }.reduce(0, +) / 4
      #expect(abs(means[1].values[1]["mae"]! - expected) < 1e-12)
      let chart = try #require(ShiftChart.chart(rows))
      #expect(chart.series.map(\.name) == ["source", "tent", "casp"] && chart.series[0].points.map(\.x) == [0, 5])
      let ofSource = try #require(ShiftChart.chart(rows.filter { $0.name == "source" }))
      #expect(ofSource.series.map(\.name) == ["noise", "missing"] && ofSource.svg.contains("severity"))
      var wrong = sweep
      wrong.methods = ["source", "tnt"]
      #expect(throws: Fault.self) { try wrong.run(dataset) }
      wrong.methods = ["source"]
      let fault = #expect(throws: Fault.self) { try wrong.run(dataset) }
      #expect(fault?.key == "adaptation.contrast_epochs", "no setting of source")
    }
  }
}
