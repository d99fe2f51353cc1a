import Foundation
import Torch

extension SourceMoments {
  /// The name of the file in a model folder.
  public static let fileName = "source_moments.safetensors"

  /// Writes the moments into a model folder, atomically.
  /// - Throws: `Fault(.cannotWrite)`. An earlier file stays then.
  public func write(to folder: String) throws(Fault) {
    var items: [SafetensorsWriter.Item] = [.init("shares", shares)]
    for (name, own) in features.sorted(by: { $0.key < $1.key }) {
      items += [
        .init("features.\(name).mean", own.mean), .init("features.\(name).variance", own.variance),
        .init("features.\(name).fold_drift", Tensor([own.foldDrift.shift, own.foldDrift.spread])),
      ]
    }
    if let answers {
      items += [.init("answers.mean", answers.mean), .init("answers.deviation", answers.deviation)]
    }
    if let principal {
      items += [
        .init("principal.mean", principal.mean), .init("principal.directions", principal.directions),
        .init("principal.variance", principal.variance),
      ]
    }
    try SafetensorsWriter.write(to: "\(folder)/\(Self.fileName)", items, metadata: ["format": "pt"])
  }

  /// Reads the moments of a model folder. Nil for a folder without them, such as one of an earlier version.
  /// - Throws: `Fault(.badData)` for moments that do not fit the model.
  public init?(folder: String, for configuration: ModelConfiguration) throws(Fault) {
    let path = "\(folder)/\(Self.fileName)"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let file = try SafetensorsFile(path: path)
    func read(_ key: String, _ fits: ([Int]) -> Bool, _ expected: String) throws(Fault) -> Tensor {
      let tensor = try file.tensor(key)
      guard fits(tensor.shape), tensor.dtype == .float64, tensor.isFinite else {
        throw Fault(
          .badData, "the moments do not fit the model", file: path, key: key, found: tensor.description,
          expected: "finite f64 numbers of shape \(expected)",
          remedy: "remove the file, or train the model again")
      }
      return tensor
    }
    let strata = Self.strata(of: configuration.task)
    shares = try read("shares", { $0 == [strata] }, "[\(strata)]")
    features = [:]
    for modality in configuration.modalities where modality.statisticsCount > 0 {
      let width = modality.statisticsCount
      let key = "features.\(modality.name)"
      let mean = try read(
        "\(key).mean", { $0.count == 3 && $0[0] == strata && $0[1] > 0 && $0[2] == width },
        "[\(strata), S, \(width)]")
      let steps = mean.size(1)
      let fold = try read("\(key).fold_drift", { $0 == [2] }, "[2]").doubles
      features[modality.name] = Features(
        mean: mean, variance: try read("\(key).variance", { $0 == [steps, width] }, "[\(steps), \(width)]"),
        foldDrift: FeatureDrift(shift: fold[0], spread: fold[1]))
    }
    if file["answers.mean"] != nil {
      answers = Answers(
        mean: try read("answers.mean", { $0 == [strata] }, "[\(strata)]"),
        deviation: try read("answers.deviation", { $0 == [strata] }, "[\(strata)]"))
    }
    if file["principal.mean"] != nil {
      let mean = try read("principal.mean", { $0.count == 1 }, "[W]")
      let width = mean.size(0)
      let variance = try read("principal.variance", { $0.count == 1 && $0[0] > 0 }, "[P]")
      principal = Principal(
        mean: mean,
        directions: try read(
          "principal.directions", { $0 == [variance.size(0), width] }, "[\(variance.size(0)), \(width)]"),
        variance: variance)
    }
  }
}
