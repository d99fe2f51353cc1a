import Foundation
import Polyphony
import Testing

/// The errors that users make in recipes of several stages. The program reports all of them before the first step.
extension BadInputTests {
  private static func recipe(
    _ name: String, code: Int32 = 64, _ mentions: String..., command: String = "run", recipe: String
  ) -> Case {
    Case(
      name: name, code: code, mentions: mentions,
      breaking: { data in
        let text = recipe.replacingOccurrences(of: "DATA", with: data.folder)
          .replacingOccurrences(of: "MODEL", with: data.model)
        try text.write(toFile: data.folder + "/recipe.yaml", atomically: true, encoding: .utf8)
      }, arguments: [command, "DATA/recipe.yaml", "--output", "OUT/pipeline"])
  }

  private static let small = "train: {model: {width: 8, heads: 2, layers: 1}, training: {epochs: 1}}"

  private static func stages(_ stages: String..., more: String = "") -> String {
    "data: DATA\nstages:\n" + stages.map { "  - \($0)\n" }.joined() + more
  }

  private static func contrast(_ keys: String) -> String {
    "data: DATA\nmethods:\n  joint: [{\(small)}]\n  b: [{\(small)}, {tune: {method: head}}]\n"
      + "evaluate: {missing: 'sample:0.1'}\ncontrasts: {q: {\(keys)}}\n"
  }

  static let pipelines: [Case] = [
    recipe("a recipe without data", "data", "missing", recipe: "stages: [{\(small)}]"),
    recipe("a recipe without stages", "stages", "train", recipe: "data: DATA"),
    recipe("a data set that is not there", code: 66, "nowhere", recipe: "data: nowhere\nstages: [{\(small)}]"),
    recipe("an unknown stage", "stages.0.tran", "did you mean `train`", recipe: stages("tran: {}")),
    recipe("two stages in one", "a stage is one thing", recipe: stages("{\(small), tune: {method: head}}")),
    recipe("tuning before training", "stages.0.tune", "train stage", recipe: stages("tune: {method: head}", small)),
    recipe("adapting nothing", "stages.0.adapt", "no model", recipe: stages("adapt: {method: casp}")),
    recipe(
      "training what was tuned", "stages.2.train", "would be lost", recipe: stages(small, "tune: {method: head}", small)
    ),
    recipe("a model and a train stage", "stages.0.train", recipe: stages(small, more: "model: MODEL")),
    recipe("an adapter without its model", "adapter", "model", recipe: stages(small, more: "adapter: x")),
    recipe("a model that is not there", code: 66, "no model at this path", recipe: stages(more: "model: nowhere")),
    recipe("an unknown key at the top", "`seed`", "seeds", recipe: stages(small, more: "seed: 3")),
    recipe(
      "an unknown key of a stage", "stages.1.tune.trianing", "training",
      recipe: stages(small, "tune: {method: head, trianing: {epochs: 1}}")),
    recipe(
      "an unknown key of a method", "stages.1.tune.tuning.rang", "rank",
      recipe: stages(small, "tune: {method: lora, tuning: {rang: 3}}")),
    recipe(
      "an unknown strategy", "stages.0.train.balance.method", "cgmg", "cggm", recipe: stages("train: {balance: cgmg}")),
    recipe(
      "an unknown key of a strategy", "stages.0.train.balance.cggm.roh", "rho",
      recipe: stages("train: {balance: {method: cggm, cggm: {roh: 1}}}")),
    recipe(
      "an unknown tuning method", "stages.1.tune.method", "wonder", "wander",
      recipe: stages(small, "tune: {method: wonder}")),
    recipe("a stage without a method", "stages.1.tune.method", "missing", recipe: stages(small, "tune: {}")),
    recipe(
      "an unknown adaptation", "stages.1.adapt.method", "capps", "casp", recipe: stages(small, "adapt: {method: capps}")
    ),
    recipe(
      "methods that miscount each other's steps", "stages.2.tune.method", "prompts on prompt",
      recipe: stages(small, "tune: {method: prompt}", "tune: {method: prompts}")),
    recipe(
      "an unknown split to adapt to", "stages.1.adapt.split", "tset",
      recipe: stages(small, "adapt: {method: casp, split: tset}")),
    recipe(
      "an unknown corruption", "stages.1.adapt.corrupt", "nose", "noise",
      recipe: stages(small, "adapt: {method: casp, corrupt: 'nose:3'}")),
    recipe(
      "corruption of an unknown modality", "stages.1.adapt.modalities", "text",
      recipe: stages(small, "adapt: {method: casp, corrupt: 'noise:3', modalities: [txt]}")),
    recipe(
      "episodes without a stream", "episodic", "stream",
      recipe: stages(small, "adapt: {method: tent, adaptation: {episodic: true}}")),
    recipe(
      "an unknown rule of missing data", "stages.1.tune.missing", "smaple",
      recipe: stages(small, "tune: {method: prompts, missing: 'smaple:0.5'}")),
    recipe(
      "no such severity", "evaluate.shift", "noise:9", recipe: stages(small, more: "evaluate: {shift: 'noise:9'}")),
    recipe(
      "a rule for a modality that is not there", "evaluate.missing", "txt",
      recipe: stages(small, more: "evaluate: {missing: ['fixed:txt']}")),
    recipe(
      "an unknown split to score", "evaluate.split", "tset", recipe: stages(small, more: "evaluate: {split: tset}")),
    recipe(
      "data under another data set's name", "evaluate.data", "one for each",
      recipe: stages(small, more: "evaluate: {data: {elsewhere: DATA}}")),
    recipe("no seeds", "seeds", "1 to", recipe: stages(small, more: "seeds: 0")),
    recipe("a seed twice", "seeds", "each seed once", recipe: stages(small, more: "seeds: [1, 1]")),
    recipe("several data sets to run on", "data", "compare", recipe: "data: [DATA, DATA]\nstages: [{\(small)}]"),
    recipe("methods to run", "methods", "compare", recipe: "data: DATA\nmethods: {a: [{\(small)}]}"),
    recipe("stages to compare", "stages", "methods", command: "compare", recipe: stages(small)),
    recipe("nothing to compare", "methods", command: "compare", recipe: "data: DATA\nmethods: {}"),
    recipe(
      "a metric that the task has not", "metric", "acuracy", "mae", command: "compare",
      recipe: "data: DATA\nmetric: acuracy\nmethods: {a: [{\(small)}]}"),
    recipe(
      "a contrast of an unknown method", "contrasts.q.method", "jiont", "did you mean `joint`", command: "compare",
      recipe: contrast("method: jiont, against: b")),
    recipe(
      "a contrast of a method with itself", "contrasts.q.against", "itself", command: "compare",
      recipe: contrast("method: joint, against: joint")),
    recipe(
      "a contrast without its other half", "contrasts.q.against", "missing", command: "compare",
      recipe: contrast("method: joint")),
    recipe(
      "a contrast under what is not scored", "contrasts.q.missing", "sample:0.2", "evaluate.missing",
      command: "compare",
      recipe: contrast("method: joint, against: b, missing: 'sample:0.1,0.2'")),
    recipe(
      "a contrast over patterns", "contrasts.q.missing", "patterns", command: "compare",
      recipe: contrast("method: joint, against: b, missing: patterns")),
    recipe(
      "a contrast under an unknown shift", "contrasts.q.shift", "nose", command: "compare",
      recipe: contrast("method: joint, against: b, shift: 'nose:3'")),
    recipe(
      "an unknown key of a contrast", "contrasts.q.agianst", "against", command: "compare",
      recipe: contrast("method: joint, against: b, agianst: b")),
    recipe("contrasts to run", "contrasts", recipe: stages(small, more: "contrasts: {}")),
    recipe(
      "no samples to tune with", "stages.1.tune.samples", recipe: stages(small, "tune: {method: head, samples: 0}")),
    recipe(
      "tuning on an unknown corruption", "stages.1.tune.corrupt", "nose",
      recipe: stages(small, "tune: {method: head, corrupt: 'nose:3'}")),
    recipe(
      "a data set twice", "data", "twice", command: "compare", recipe: "data: [DATA, DATA]\nmethods: {a: [{\(small)}]}"),
    recipe(
      "a wrong stage of the second method", "methods.b.1.tune.method", "hed", command: "compare",
      recipe: "data: DATA\nmethods:\n  a: [{\(small)}]\n  b: [{\(small)}, {tune: {method: hed}}]"),
    Case(
      name: "a folder that holds another run", code: 73, mentions: ["already holds a run"],
      breaking: { data in
        try stages(small).replacingOccurrences(of: "DATA", with: data.folder).write(
          toFile: data.folder + "/recipe.yaml", atomically: true, encoding: .utf8)
        try FileManager.default.createDirectory(
          atPath: data.folder + "/run/checkpoint", withIntermediateDirectories: true)
      }, arguments: ["run", "DATA/recipe.yaml", "--output", "DATA/run"]),
    Case(
      name: "no recipe", code: 66, mentions: ["nowhere.yaml"], arguments: ["run", "nowhere.yaml", "--output", "OUT"]),
  ]
}
