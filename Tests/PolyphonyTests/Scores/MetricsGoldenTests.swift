import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonySupport

/// Metrics agree with Fixtures/golden/metrics.json, the output of the field's Python code (numpy and scikit-learn over
/// f32). The file has null for NaN.
@Suite struct MetricsGoldenTests {
  private struct Case {
    let name: String
    let kind: String
    let prediction: OrderedJSON
    let truth: OrderedJSON
    let expected: [OrderedJSON.Member]
  }

  private static func cases() throws -> [Case] {
    let url = try #require(Bundle.module.url(forResource: "Fixtures/golden/metrics", withExtension: "json"))
    let document = try OrderedJSON(parsing: String(contentsOf: url, encoding: .utf8), file: url.path)
    guard case .object(let members) = document else { throw Fault(.badData, "no object") }
    return try members.map { member in
      guard case .string(let kind)? = member.value["kind"], let prediction = member.value["prediction"],
        let truth = member.value["truth"], case .object(let expected)? = member.value["expected"]
      else { throw Fault(.badData, "no case", key: member.key) }
      return Case(name: member.key, kind: kind, prediction: prediction, truth: truth, expected: expected)
    }
  }

  @Test func agreesWithTheFieldsCode() throws {
    let cases = try Self.cases()
    #expect(cases.count == 7)
    for test in cases {
      let values = try values(of: test)
      #expect(values.names == test.expected.map(\.key), "\(test.name)")
      for expected in test.expected {
        let value = values[expected.key]
        if let number = expected.value.double {
          #expect(abs((value ?? .nan) - number) < 1e-6, "\(test.name): \(expected.key)")
        } else {
          #expect(value == nil && values.contains(expected.key), "\(test.name): \(expected.key)")
        }
      }
    }
  }

  private func values(of test: Case) throws -> MetricValues {
    switch test.kind {
    case "sentiment": SentimentMetrics.values(prediction: test.prediction.floats, truth: test.truth.floats)
    case "sims": SimsMetrics.values(prediction: test.prediction.floats, truth: test.truth.floats)
    case "classification":
      try ClassificationMetrics.values(
        logits: test.prediction.elements.flatMap(\.floats), truth: test.truth.floats.map { Int($0) },
        classes: test.prediction.elements[0].elements.count)
    default: throw Fault(.badData, "unknown kind", key: test.name)
    }
  }

  @Test func diceAgreesWithThePublishedCode() throws {
    let url = try #require(Bundle.module.url(forResource: "Fixtures/golden/segmentation", withExtension: "safetensors"))
    let file = try SafetensorsFile(path: url.path)
    let logits = try file.withBytes(of: "logits") { Array($0.assumingMemoryBound(to: Float.self)) }
    let target = try file.withBytes(of: "target") { bytes in
      (0..<bytes.count / 8).map { Int(bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)) }
    }
    let expected = try file.withBytes(of: "dice") { Array($0.assumingMemoryBound(to: Float.self)) }
    let shape = try #require(file["logits"]?.shape)
    let (batch, classes, pixels) = (shape[0], shape[1], shape[2] * shape[3])
    let samples = try (0..<batch).map { sample in
      // From [C, H·W] to [H·W, C].
      let rows = (0..<pixels).flatMap { pixel in
        (0..<classes).map { logits[(sample * classes + $0) * pixels + pixel] }
      }
      return try ConfusionMatrix(
        truth: Array(target[sample * pixels..<(sample + 1) * pixels]),
        prediction: #require(ClassificationMetrics.prediction(logits: rows, classes: classes)), classes: classes)
    }
    let values = SegmentationMetrics.values(
      samples: samples, classes: classes, regions: SegmentationMetrics.Region.braTS, smoothing: 1e-3)
    #expect(values.names == ["dice", "dice_ET", "dice_TC", "dice_WT", "dice_1", "dice_2", "dice_3"])
    for (name, expected) in zip(["dice_ET", "dice_TC", "dice_WT"], expected) {
      #expect(abs((values[name] ?? .nan) - Double(expected)) < 1e-6)
    }
  }
}

extension OrderedJSON {
  var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
  var elements: [OrderedJSON] {
    if case .array(let elements) = self { elements } else { [] }
  }
  var floats: [Float] { elements.compactMap { $0.double.map { Float($0) } } }
}
