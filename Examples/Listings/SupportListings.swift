import Polyphony

/// The listings in the comments of `PolyphonySupport`, compiled.
public enum SupportListings {
  /// Refuses a rate that is not positive.
  public static func fault(_ rate: Double) throws(Fault) {
    guard rate > 0 else {
      throw Fault(
        .usage, "a setting is out of range", key: "training.rate", found: "\(rate)", expected: "a number above 0",
        remedy: "use 0.001 to begin with")
    }
  }

  /// Suggests a name.
  public static func suggestion() {
    let methods = ["joint", "cggm", "ogm_ge"]
    print(Suggestion.question(for: "cgmm", among: methods) ?? "")  // did you mean `cggm`?
  }

  /// Writes files.
  public static func files(_ scores: [Double]) throws(Fault) {
    try AtomicFile.write("epochs: 30\n", to: "recipe.yaml")
    try AtomicFile.write(to: "scores.csv") { (output) throws(Fault) in
      for score in scores { try output.write(Array("\(score)\n".utf8)) }
    }
  }

  /// Writes a folder.
  public static func folders() throws(Fault) {
    let notes = FolderKind("a folder of notes", mark: "recipe.yaml") { _ in [] }
    try AtomicFolder.write(to: "runs/model", replacing: notes) { (folder) throws(Fault) in
      try AtomicFile.write("epochs: 30\n", to: "\(folder)/recipe.yaml")
    }
    try AtomicFolder.recover("runs/model")  // before every later reading
  }

  /// Writes and reads JSON.
  public static func json() throws(Fault) {
    let scores: OrderedJSON = ["method": "cggm", "accuracy": 0.8125, "seeds": [0, 1, 2]]
    let text = scores.text(.line)  // {"method": "cggm", "accuracy": 0.8125, "seeds": [0, 1, 2]}
    let read = try OrderedJSON(parsing: text, file: "scores.json")
    print(read["method"] == "cggm", read == scores)  // true true
  }
}
