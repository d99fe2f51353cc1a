import Foundation
import Polyphony
import PolyphonyConversion

/// A kind of detector, as `model_type` of its `config.json` names it. A detector decides what of an input an encoder reads.
public enum DetectorFamily: String, CaseIterable, Sendable {
  /// Silero's voice detector for sound of 16,000 samples a second. A sound without speech is missing.
  case silero = "silero_vad"
  /// MTCNN (Zhang et al. 2016) in facenet-pytorch's form. Pictures and frames are cut to their largest face.
  case mtcnn

  /// The things that the detector looks for, in words.
  public var finding: String {
    switch self {
    case .silero: "speech in sounds"
    case .mtcnn: "faces in pictures and videos"
    }
  }

  /// The forms of inputs that the detector looks at.
  public var contents: Set<RawContent> {
    switch self {
    case .silero: [.audio]
    case .mtcnn: [.image, .video]
    }
  }
}

/// A folder with a detector: `config.json`, and `model.safetensors` or MTCNN's `pnet.pt`, `rnet.pt` and `onet.pt`.
public struct DetectorFolder: Sendable {
  /// The path of the folder.
  public let path: String
  /// The detector's family.
  public let family: DetectorFamily
  /// The files that decide what the detector finds, sorted by name.
  public let files: [String]
  let configuration: ConfigurationReader

  /// True if the folder's `config.json` names a family of detectors.
  public static func isOne(_ path: String) -> Bool {
    let name = (try? ConfigurationReader(folder: path))?.familyName
    return name.flatMap(DetectorFamily.init(rawValue:)) != nil
  }

  /// Reads the configuration of a folder.
  /// - Throws: `Fault(.missingInput)` without a configuration, `Fault(.badData)` for a folder of something else.
  public init(_ path: String) throws(Fault) {
    self.path = path
    configuration = try ConfigurationReader(folder: path)
    family = try configuration.choice("model_type")
    let all = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let weights = all.filter { $0.hasSuffix(".safetensors") }
    files = (["config.json"] + (weights.isEmpty ? all.filter { $0.hasSuffix(".pt") } : weights)).sorted()
  }

  /// Returns the SHA-256 of all ``files``, as ``EncoderFolder/sha256()`` does.
  /// - Throws: `Fault` for a file that cannot be read.
  public func sha256() throws(Fault) -> String { try FileHash.sha256(of: files, in: path) }

  /// Returns the record of the detector before an encoder of a content.
  /// - Throws: The errors of ``check(_:)`` and ``sha256()``.
  func record(for content: RawContent) throws(Fault) -> EncoderRecord.Detector {
    try check(content)
    return EncoderRecord.Detector(family: family.rawValue, sha256: try sha256(), folder: path)
  }

  /// Checks that the detector looks at a content.
  /// - Throws: `Fault(.usage)` if it does not.
  func check(_ content: RawContent) throws(Fault) {
    guard !family.contents.contains(content) else { return }
    let fitting = DetectorFamily.allCases.filter { $0.contents.contains(content) }.map(\.rawValue)
    throw Fault(
      .usage, "a detector looks at another content than the column holds", key: "--detect",
      found: "\(family.rawValue), which finds \(family.finding), for \(content.rawValue)",
      expected: fitting.isEmpty ? "no --detect for \(content.rawValue)" : fitting.joined(separator: ", "))
  }
}
