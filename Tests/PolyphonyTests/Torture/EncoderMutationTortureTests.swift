import Foundation
import Polyphony
import PolyphonyEncoders
import PolyphonySupport
import Testing
import Torch

/// Damaged files of pretrained encoders go to their readers. Every reading ends in an encoder that works or in a fault.
///
/// The cases run in this process, so a trap ends it. The folder of the case then stays in the temporary folder.
/// `POLYPHONY_ENCODER_CASES=1000000` makes a long trial.
@Suite struct EncoderMutationTortureTests {
  private static let fixtures = DocumentationTests.root + "/Tests/PolyphonyEncodersTests/Fixtures"
  private static let texts = [
    "", "I loved it, the movie was good!", "naïve 東京 👩‍👩‍👧 \u{0}\t2.5", String(repeating: "ab ", count: 40),
  ]

  /// Small encoders of texts, pictures and sound.
  private static let encoders = ["bert", "roberta", "mpnet", "clip-text", "vit", "resnet-basic", "wav2vec2", "wavlm"]

  @Test func damagedEncodersEndInAFault() throws {
    try withTemporaryFolder { folder in
      let tokenizers = try Self.tokenizers()
      var outcomes: [String: Int] = [:]
      for number in 0..<Torture.encoderCases {
        var random = SeededNumbers(DerivedSeed.of(Torture.seed, UInt64(number)))
        let kind = number % 4
        let name = "case \(number) of seed \(Torture.seed), \(["tokenizer", "tokenizer", "config", "weights"][kind])"
        let start = Date()
        let outcome = try Self.outcome(name) {
          if kind < 2 {
            var bytes = tokenizers[number / 4 % tokenizers.count]
            ByteMutation.mutate(&bytes, using: &random)
            try Self.read(tokenizer: bytes, in: folder)
          } else {
            let encoder = Self.encoders[number / 4 % Self.encoders.count]
            let file = kind == 2 ? "config.json" : "model.safetensors"
            try Self.read(encoder, damaging: file, in: folder, using: &random)
          }
        }
        #expect(Date().timeIntervalSince(start) < 20, "\(name)")
        outcomes[outcome, default: 0] += 1
      }
      let counts = outcomes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
      print("damaged encoders: \(counts.joined(separator: ", "))")
    }
  }

  private static func tokenizers() throws -> [[UInt8]] {
    try names(in: "\(fixtures)/tokenizers").sorted().map { name in
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(fixtures)/tokenizers/\(name)"))
      let document = try data.withUnsafeBytes { try OrderedJSON(parsing: $0, file: name) }
      return Array(try #require(document["tokenizer"]).text(.line).utf8)
    }
  }

  private static func read(tokenizer bytes: [UInt8], in folder: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/tokenizer.json"))
    let tokenizer = try Tokenizer(folder: folder)
    for text in texts { #expect(tokenizer.encode(text).allSatisfy { $0 >= 0 }) }
  }

  private static func read(
    _ encoder: String, damaging file: String, in folder: String, using random: inout SeededNumbers
  ) throws {
    for name in ["config.json", "model.safetensors"] {
      var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(fixtures)/\(encoder)/\(name)")))
      if name == file { ByteMutation.mutate(&bytes, using: &random) }
      try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    let encoder = try PretrainedEncoder(folder)
    let inputs = encoder.family.inputs
    let states =
      if inputs.contains(.tokens) {
        try encoder(tokens: Tensor([5, 6, 7, 2], shape: [1, 4]))
      } else if inputs.contains(.pixels) {
        try encoder(pixels: .zeros([1, 3, 8, 8]))
      } else {
        try encoder(waveform: .zeros([1, 2000]))
      }
    _ = try states.pooled(.mean)
  }

  private static func outcome(_ name: String, _ body: () throws -> Void) throws -> String {
    do {
      try body()
      return "read"
    } catch let fault as Fault {
      #expect([.badData, .missingInput, .usage].contains(fault.kind), "\(name): \(fault)")
      return "refused"
    } catch {
      Issue.record("\(name): \(error) is no fault")
      return "broken"
    }
  }
}
