import Foundation

/// What the test of the documents changes, so that their commands take seconds: settings, counts and recipes.
///
/// The documents stay as a reader needs them. A later `--set` wins over an earlier one, so the settings are appended.
enum SmallSettings {
  private static let model = ["model.width=8", "model.heads=2", "model.layers=1"]
  private static let casp = [
    "adaptation.contrast_epochs=2", "adaptation.snapshot_interval=1", "adaptation.pseudo_epochs=1",
  ]

  /// Settings by command.
  private static let settings = [
    "train": model + ["training.epochs=1"],
    "tune": ["training.epochs=1"],
    "adapt": casp,
    "transfer": model + ["training.epochs=1", "pretraining.epochs=1", "rates=[0.001]", "rate_seeds=1"],
  ]

  /// Options by command, for commands whose cost no setting of a recipe decides.
  private static let options = [
    "data synthesize": ["--samples", "120"],
    "transfer": ["--samples", "4"],
    "scaling": ["--modalities", "2,3", "--lengths", "4,8", "--length", "4", "--batch", "2", "--repeats", "1"],
  ]

  /// The arguments of a command on small settings. `--seeds` becomes 2, the fewest that make a run over seeds.
  static func shrink(_ words: [String]) -> [String] {
    var words = words
    let command = words.prefix(words[0] == "data" ? 2 : 1).joined(separator: " ")
    if let place = words.firstIndex(of: "--seeds"), place + 1 < words.count { words[place + 1] = "2" }
    for setting in (settings[command] ?? []) + (words.contains("--adapt") ? casp : []) { words += ["--set", setting] }
    let options = options[command] ?? []
    for index in stride(from: 0, to: options.count, by: 2) {
      if let place = words.firstIndex(of: options[index]) {
        words[place + 1] = options[index + 1]
      } else {
        words += options[index...(index + 1)]
      }
    }
    return words
  }

  /// Settings of stages that a recipe leaves to their defaults.
  private static let stages = [
    "train": ["model": "{width: 8, heads: 2, layers: 1}", "training": "{epochs: 1}"],
    "tune": ["training": "{epochs: 1}"],
    "adapt": ["adaptation": "{contrast_epochs: 2, snapshot_interval: 1, pseudo_epochs: 1}"],
  ]

  /// A recipe with few epochs and seeds and a narrow model, at any place.
  static func shrink(recipe: String) -> String {
    var recipe = recipe
    let numbers = [
      "epochs": 1, "seeds": 2, "width": 8, "heads": 2, "layers": 1, "contrast_epochs": 2, "snapshot_interval": 1,
      "pseudo_epochs": 1,
    ]
    for (key, value) in numbers {
      guard let pattern = try? Regex("\\b\(key): [0-9]+") else { continue }
      recipe.replace(pattern, with: "\(key): \(value)")
    }
    // A stage in braces gets the sections that it lacks; one in lines only where it adapts.
    recipe.replace(/(train|tune|adapt): +\{((?:[^{}]|\{[^{}]*\})*)\}/) { stage in
      let added = (stages[String(stage.1)] ?? [:]).filter { !stage.2.contains("\($0.key):") }
      return "\(stage.1): {\(stage.2)\(added.sorted { $0.key < $1.key }.map { ", \($0.key): \($0.value)" }.joined())}"
    }
    recipe.replace(/\n( *)method: casp\n/) { line in
      "\n\(line.1)method: casp\n" + (stages["adapt"] ?? [:]).map { "\(line.1)\($0.key): \($0.value)\n" }.joined()
    }
    return recipe
  }

  /// Commands that the test leaves out, by their first words, each with its reason.
  static let skipped = [
    "make": "it builds, measures or tests this repository, and has rules of its own",
    "export PATH=": "the test finds the program without it",
    "python3 -m http.server": "a server runs until somebody stops it",
    "polyphony serve": "a server runs until somebody stops it; a Python test runs it with the lines below it",
    "curl": "it asks that server",
    "mlflow server": "a server runs until somebody stops it; the Python tests start one",
    "export MLFLOW_": "the test has no such server",
    "python3 -m pip install": "it fetches packages",
    "WANDB_MODE=offline": "it needs wandb; the Python tests run the script where it is installed",
    "wandb sync": "it uploads",
    "polyphony encoders fetch": "it fetches weights; the test puts small encoders in their places",
  ]

  /// Files that a reader brings along, each with the fixture that stands in for it.
  static let brought = [
    "unaligned_50.pkl": "conversion/numpy2-protocol5.pkl",
    "features.npz": "conversion/stored.npz",
    "features.h5": "conversion/nested.h5",
    "features.mat": "conversion/plain.mat",
    "words.csd": "conversion/words.csd",
    "covarep.csd": "conversion/audio.csd",
    "labels.csd": "conversion/labels.csd",
  ]
}
