import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyConversion
@testable import PolyphonySupport

/// Runs `polyphony predict` and `polyphony evaluate` as a user does who wants answers.
@Suite struct PredictProgramTests {
  /// A data set of three classes with difficult names, a model, and an adapter that can miss modalities.
  struct Gestures {
    static let labels = ["walk, slow", "=sum(A1)", "sit"]
    static let names = (0..<12).map { $0 == 0 ? "@first" : "clip \"\($0)\"" }
    let folder: String
    var data: String { "\(folder)/data" }
    var model: String { "\(folder)/model" }
    var adapter: String { "\(folder)/adapter" }

    init(_ folder: String) throws {
      self.folder = folder
      let modalities = [Modality.vector("imu", features: 6), .sequence("audio", features: 4, length: 5)]
      let task = PredictionTask(kind: .classification, classes: 3, labels: Self.labels)
      let generator = Generator(seed: 5)
      let inputs = Inputs(
        [.normal([12, 6], generator: generator), .normal([12, 5, 4], generator: generator)],
        lengths: [nil, Tensor((0..<12).map { $0 % 5 + 1 })],
        presence: Tensor((0..<12).flatMap { [true, $0 % 4 != 3] }, shape: [12, 2]))
      try DatasetWriter.write(
        DatasetDescription(name: "gestures", task: task, modalities: modalities),
        [.init("test", inputs, target: Tensor((0..<12).map { $0 % 3 }), ids: Array((0..<12).reversed()))], to: data)
      try JSONFile.write(Self.names, to: "\(data)/ids.json")
      let configuration = ModelConfiguration(
        architecture: "late_fusion", modalities: modalities, task: task, width: 8, heads: 2, layers: 1)
      try ModelFolder.write(try MultimodalModel(configuration).backbone, to: model)
      let (installation, description) = try ModelWithAdapter(model).install("zero_fill")
      try AdapterFolder.write(installation, description, to: adapter)
    }

    /// Predicts into a file with a name, and returns its path.
    func predict(_ name: String, _ more: [String]) throws -> String {
      try Program.succeed(["predict", "--model", model, "--output", "\(folder)/\(name)"] + more)
      return "\(folder)/\(name)"
    }

    func write(_ name: String, _ items: [SafetensorsWriter.Item]) throws -> String {
      try SafetensorsWriter.write(to: "\(folder)/\(name)", items)
      return "\(folder)/\(name)"
    }
  }

  /// The records of a table with commas, the header first.
  static func records(_ path: String) throws -> [[String]] {
    var reader = try CSVReader(try RandomAccessFile(path))
    var records: [[String]] = []
    while let record = try reader.next() { records.append(record) }
    return records
  }

  @Test func everyFormHasTheSameAnswers() throws {
    try withTemporaryFolder { folder in
      let gestures = try Gestures(folder)
      let data = ["--data", gestures.data]
      let tensors = try SafetensorsFile(path: try gestures.predict("x.safetensors", data))
      #expect(Set(tensors.entries.map(\.name)) == ["id", "prediction", "representation"])
      let logits = try tensors.tensor("prediction")
      let (softmax, winners) = (logits.softmax(1).floats, logits.argmax(1).integers)
      let records = try Self.records(try gestures.predict("x.csv", data))
      let tabs = try text(of: gestures.predict("x.TSV", data))
      #expect(tabs?.hasPrefix("id\tprediction\tprobability_walk, slow\t") == true)
      let lines = try #require(text(of: try gestures.predict("x.jsonl", data))).split(separator: "\n")
      let columns: [String] = [
        "id", "prediction", "probability_walk, slow", "probability_=sum(A1)", "probability_sit", "present", "target",
        "error",
      ]
      #expect(records[0] == columns)
      #expect(records.count == 13 && lines.count == 12)
      for row in 0..<12 {
        let (record, object) = (records[row + 1], try OrderedJSON(parsing: String(lines[row])))
        let name = Gestures.names[11 - row]
        let label = Gestures.labels[winners[row]]
        let harmless: (id: String, label: String) = (
          name == "@first" ? "'@first" : name, label.hasPrefix("=") ? "'" + label : label
        )
        #expect(record[0] == harmless.id && record[1] == harmless.label)
        #expect(object["id"] == OrderedJSON.string(name) && object["prediction"] == OrderedJSON.string(label))
        let probabilities: [Float] = record[2..<5].map { Float($0) ?? .nan }
        let expected = Array(softmax[(row * 3)..<(row * 3 + 3)])
        let sum: Double = probabilities.reduce(0) { $0 + Double($1) }
        #expect(probabilities == expected)
        #expect(abs(sum - 1) < 1e-6)
        for (index, label) in Gestures.labels.enumerated() {
          guard case .number(let number)? = object["probability_\(label)"] else {
            Issue.record("row \(row) has no probability of \(label)")
            continue
          }
          #expect(Float(number).bitPattern == probabilities[index].bitPattern)
        }
        let present = row % 4 == 3 ? "imu" : "imu+audio"
        #expect(record[5] == present && object["present"] == OrderedJSON.string(present))
        let error = winners[row] == row % 3 ? 0 : 1
        #expect(record[7] == String(error) && object["error"] == OrderedJSON.integer(error))
      }
    }
  }

  @Test func aRegressionHasErrors() throws {
    try withTemporaryFolder { folder in
      let data = try BrokenData(folder)
      for form in ["csv", "safetensors"] {
        try Program.succeed([
          "predict", "--model", data.model, "--data", data.folder, "--output", "\(folder)/x.\(form)",
        ])
      }
      let tensors = try SafetensorsFile(path: "\(folder)/x.safetensors")
      let (values, ids) = (try tensors.tensor("prediction").floats, try tensors.tensor("id").integers)
      let truth = try SafetensorsFile(path: data.path("test")).tensor("target").floats
      let records = try Self.records("\(folder)/x.csv")
      #expect(records[0] == ["id", "prediction", "present", "target", "error"] && records.count == values.count + 1)
      for (row, record) in records.dropFirst().enumerated() {
        let error: Float = values[row] - truth[row]
        #expect(Int(record[0]) == ids[row])
        #expect(Float(record[1]) == values[row] && Float(record[3]) == truth[row])
        #expect(Float(record[4])?.bitPattern == error.bitPattern)
      }
    }
  }

  /// What a file leaves out is missing, to the same bits as a file that says so.
  @Test func aModalityThatIsLeftOutIsMissing() throws {
    try withTemporaryFolder { folder in
      let gestures = try Gestures(folder)
      let imu = Tensor.normal([3, 6], generator: Generator(seed: 1))
      let short = try gestures.write("short.safetensors", [.init("imu", imu)])
      let whole = try gestures.write(
        "whole.safetensors",
        [
          .init("imu", imu), .init("audio", .zeros([3, 5, 4])),
          .init("presence", Tensor([1, 0, 1, 0, 1, 0] as [UInt8], shape: [3, 2])),
        ])
      var found: [[Float]] = []
      for file in [short, whole] {
        let path = try gestures.predict("x.safetensors", ["--data", file, "--adapter", gestures.adapter])
        found.append(try SafetensorsFile(path: path).tensor("prediction").floats)
      }
      #expect(found[0].map(\.bitPattern) == found[1].map(\.bitPattern))
      let records = try Self.records(
        try gestures.predict("x.csv", ["--data", short, "--adapter", gestures.adapter]))
      #expect(records.dropFirst().map { $0[5] } == ["imu", "imu", "imu"] && records[0].count == 6)
      let refused = try Program.run([
        "predict", "--model", gestures.model, "--data", short, "--output", "\(folder)/y.csv",
      ])
      #expect(refused.code == 65 && refused.errors.contains("--adapter"), "\(refused.errors)")
      // A data set folder may leave a modality out, too.
      let task = PredictionTask(kind: .classification, classes: 3)
      try DatasetWriter.write(
        DatasetDescription(name: "imu alone", task: task, modalities: [.vector("imu", features: 6)]),
        [.init("test", Inputs([imu]))], to: "\(folder)/alone")
      let alone = try Self.records(
        try gestures.predict("z.csv", ["--data", "\(folder)/alone", "--adapter", gestures.adapter]))
      #expect(alone == records)
      // An evaluation treats such data alike.
      try DatasetWriter.write(
        DatasetDescription(name: "imu alone", task: task, modalities: [.vector("imu", features: 6)]),
        [.init("test", Inputs([imu]), target: Tensor([0, 1, 2]))], to: "\(folder)/labelled")
      let evaluation = ["evaluate", "--model", gestures.model, "--data", "\(folder)/labelled"]
      let scored = try Program.succeed(evaluation + ["--adapter", gestures.adapter, "--json"])
      let answers = records.dropFirst().map { $0[1].hasPrefix("'") ? String($0[1].dropFirst()) : $0[1] }
      let right = zip(answers, Gestures.labels).count { $0 == $1 }
      let row = try #require(try ResultsDocument(parsing: scored.output).results.first)
      #expect(row.metrics["accuracy"]?.mean.map { ($0 * 3).rounded() } == Double(right))
      let needed = try Program.run(evaluation)
      #expect(needed.code == 65 && needed.errors.contains("--adapter"), "\(needed.errors)")
    }
  }

  /// The same sample from numbers and from files of each kind has the same answer.
  @Test func oneSampleFromTheCommandLine() throws {
    try withTemporaryFolder { folder in
      let gestures = try Gestures(folder)
      let imu = Tensor.normal([6], generator: Generator(seed: 1))
      let clip = Tensor.normal([3, 4], generator: Generator(seed: 2))
      let whole = try gestures.write(
        "sample.safetensors",
        [
          .init("audio.length", Tensor([3])), .init("imu", imu.unsqueezed(0)),
          .init("audio", Tensor.concatenated([clip, .zeros([2, 4])]).unsqueezed(0)),
        ])
      let path = try gestures.predict("x.safetensors", ["--data", whole])
      let expected = try SafetensorsFile(path: path).tensor("prediction").softmax(1).floats
      let numbers = imu.floats.map(\.description).joined(separator: ",")
      let rows = (0..<3).map { clip[$0].floats.map(\.description).joined(separator: ",") + "\n" }.joined()
      try Data(("a,b,c,d\n" + rows).utf8).write(to: URL(fileURLWithPath: "\(folder)/clip.csv"))
      _ = try gestures.write("clip.safetensors", [.init("audio", clip)])
      let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 4), }"
      var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
      bytes += clip.withBytes { Array($0) }
      try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/clip.npy"))
      for file in ["clip.csv", "clip.npy", "clip.safetensors"] {
        let outcome = try Program.succeed(
          ["predict", "--model", gestures.model, "--input", "imu=\(numbers)", "--input", "audio=\(file)", "--json"],
          in: folder)
        let document = try OrderedJSON(parsing: outcome.output)
        guard document["command"] == "predict", case .array(let answers)? = document["results"], answers.count == 1
        else {
          Issue.record("\(outcome.output)")
          continue
        }
        for (index, label) in Gestures.labels.enumerated() {
          guard case .number(let number)? = answers[0]["probability_\(label)"] else {
            Issue.record("no probability of \(label) in \(outcome.output)")
            continue
          }
          #expect(Float(number).bitPattern == expected[index].bitPattern, "\(file)")
        }
        #expect(answers[0]["present"] == "imu+audio" && answers[0]["target"] == nil)
      }
      let table = try Program.succeed([
        "predict", "--model", gestures.model, "--adapter", gestures.adapter, "--input", "imu=\(numbers)", "--output",
        "\(folder)/one.csv",
      ])
      #expect(table.output.contains("probability") && table.output.contains("walk, slow"))
      #expect(table.output.contains("present: imu; missing: audio"))
      #expect(try Self.records("\(folder)/one.csv").last?[5] == "imu")
      for (input, mention) in [("imu=1,2", "6 numbers"), ("imu=1,2,3,4,5,x", "«x»"), ("imu=1,2,3,4,5,nan", "«nan»")] {
        let refused = try Program.run([
          "predict", "--model", gestures.model, "--adapter", gestures.adapter, "--input", input,
        ])
        #expect(refused.code == 64 && refused.errors.contains(mention), "\(refused.errors)")
      }
    }
  }

  @Test func evaluationShowsTheClasses() throws {
    try withTemporaryFolder { folder in
      let gestures = try Gestures(folder)
      let records = try Self.records(try gestures.predict("x.csv", ["--data", gestures.data]))
      let arguments = ["evaluate", "--model", gestures.model, "--data", gestures.data]
      let printed = try Program.succeed(arguments).output
      #expect(printed.contains("truth \\ prediction") && printed.contains("support") && printed.contains("walk, slow"))
      let row = try #require(
        try ResultsDocument(parsing: try Program.succeed(arguments + ["--json"]).output).results.first)
      guard case .array(let lines)? = row.extra["confusion"], case .array(let classes)? = row.extra["per_class"] else {
        Issue.record("the row has no classes")
        return
      }
      let labels = Gestures.labels.map { $0.hasPrefix("=") ? "'" + $0 : $0 }
      for (truth, line) in lines.enumerated() {
        let counts = labels.map { label in records.dropFirst().count { $0[6] == labels[truth] && $0[1] == label } }
        #expect(line == .array(counts.map { .integer($0) }))
        #expect(classes[truth]["class"] == .string(Gestures.labels[truth]) && classes[truth]["support"] == 4)
      }
      // A sweep has no single matrix.
      let sweep = try Program.succeed(arguments + ["--missing", "sample:0,0.5", "--json"]).output
      #expect(!sweep.contains("per_class"))
    }
  }

  @Test func mapsAreForSafetensorsOnly() throws {
    try withTemporaryFolder { folder in
      let phantoms = SyntheticPhantoms(samples: 20, size: 16)
      try DatasetWriter.write(phantoms.description, try phantoms.make(), to: "\(folder)/data")
      var configuration = ModelConfiguration(
        architecture: "deeplab_v3plus", modalities: phantoms.description.modalities,
        task: phantoms.description.task, width: 8)
      configuration.encoder = .small
      try ModelFolder.write(try MultimodalModel(configuration).backbone, to: "\(folder)/model")
      for (file, code) in [("x.csv", 64), ("x.jsonl", 64), ("x.safetensors", 0)] as [(String, Int32)] {
        let outcome = try Program.run([
          "predict", "--model", "\(folder)/model", "--data", "\(folder)/data", "--output", "\(folder)/\(file)",
        ])
        #expect(outcome.code == code, "\(outcome.errors)")
        #expect(outcome.errors.contains(".safetensors"))
        #expect(FileManager.default.fileExists(atPath: "\(folder)/\(file)") == (code == 0))
      }
    }
  }

  @Test func helpNamesTheForms() throws {
    let help = try Program.succeed(["predict", "--help"], environment: ["LIBTORCH": "/nowhere"]).output
    for word in [".csv", ".tsv", ".jsonl", ".safetensors", "apostrophe", "--input", "probability_LABEL"] {
      #expect(help.contains(word), "\(word) is not in the help")
    }
  }
}
