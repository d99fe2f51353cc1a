import Foundation
import Polyphony

/// The last lines of a command: what was chosen, where it is, and what to do next.
struct Ending {
  /// The folder that `--output` names.
  let output: String
  /// `model` or `adapter`.
  let product: String
  /// The methods in the order of the results.
  let methods: [String]
  /// The seeds of each method.
  let seeds: [UInt64]
  /// The base model of an adapter, as the user named it.
  var base: String?
  /// The data set's folder.
  let data: String

  /// Prints the lines on standard error.
  ///
  /// - Parameters:
  ///   - scores: the scores of each run, by method and in the order of the seeds.
  ///   - split: the split that was scored.
  func print(_ scores: [[RunScore]], split: String?) {
    for (method, scores) in zip(methods, scores) {
      if let text = Self.choice(scores.compactMap(\.chosen)) {
        Terminal.note(methods.count > 1 ? "\(method): \(text)" : text)
      }
    }
    Terminal.note("\(isSingle ? "\(product):" : "\(product)s:") \(place)")
    Terminal.note("next: \(next(split ?? "test"))")
  }

  private var isSingle: Bool { methods.count == 1 && seeds.count == 1 }

  /// The chosen epoch of each seed, and the mean of the scores.
  static func choice(_ chosen: [ChosenEpoch]) -> String? {
    guard let first = chosen.first else { return nil }
    let scores = Aggregate(chosen.map(\.score))
    let epochs = Array(Set(chosen.map(\.epochs))).sorted().map(String.init).joined(separator: " or ")
    return
      "chosen on validation: epoch \(chosen.map { "\($0.epoch)" }.joined(separator: ", ")) of \(epochs), "
      + "\(first.metric) \(scores.formatted(digits: 4))"
  }

  /// The folders of the products. Dots stand for those between the first and the last one.
  private var place: String {
    let folders = methods.flatMap { method in
      seeds.map { seed in
        RunFolder.place(in: output, method: method, of: methods.count, seed: seed, of: seeds.count) + "/\(product)"
      }
    }
    return folders.count > 2 ? "\(folders[0]) … \(folders[folders.count - 1])" : folders.joined(separator: ", ")
  }

  private func next(_ split: String) -> String {
    guard isSingle else { return "polyphony report \(ShellWord.quoted(output))" }
    let model = base.map { SeededFolders($0, .model) }
    let start = model.map { ["--model", (try? $0.folder(seed: seeds[0])) ?? $0.path] } ?? []
    let samples = ["--data", data] + (split == "test" ? [] : ["--split", split])
    let answers = MaskOutput.usualOutput((try? Dataset(data))?.description)
    let words = start + ["--\(product)", place] + samples + ["--output", answers]
    return "polyphony predict \(words.map(ShellWord.quoted).joined(separator: " "))"
  }
}
