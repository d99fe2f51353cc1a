import ArgumentParser
import Foundation
import Polyphony
import PolyphonyService
import Torch

/// The command `polyphony serve`.
struct ServeCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Answer requests for predictions over HTTP.",
    discussion: """
      The service speaks the Open Inference Protocol, version 2, with Triton's binary tensors. So the clients of KServe \
      and Triton work as they are. An input has the name of a modality, and one that a request leaves out is missing. \
      /openapi.yaml describes all addresses, and /metrics has figures for Prometheus. The page at / shows the models, a \
      form to try them, and plots of their use.

      Requests of several clients share a pass through the model. The numbers are those of polyphony predict.

      Example: polyphony serve --model runs/base/model

      Several models have names. An adapter belongs to the model of its name.

      Example: polyphony serve --model day=runs/day --model night=runs/night --adapter night=runs/prompts/adapter

      A model that was trained on the features of an encoder takes raw inputs too: texts, and the bytes of sounds, \
      pictures and clips.

      With --adapt, each stream of requests adapts the model to itself without labels. A request names its stream with \
      the parameter sequence_id. Streams outlive the service in the folder --state. The method inputs maps features. The \
      others train a small part of the model, and tent and read need classes or labels.

      Example: polyphony serve --model runs/base/model --adapt inputs --state streams

      Several services may share that folder behind a load balancer. The header field X-Sequence-Id names the stream too, \
      and after SIGTERM a service answers on for --drain seconds, as not ready.

      With --shadow, the model as it was trained answers them, and adapted_ outputs say what adaptation would have said.

      The service listens on this machine alone, unless --host says otherwise. It has no encryption of its own, so \
      it belongs behind a proxy with TLS if others reach it.
      """)

  @Option(
    help: ArgumentHelp("A model folder; may be repeated, each with a name.", valueName: "[NAME=]folder"),
    completion: .directory)
  var model: [String]

  @Option(
    help: ArgumentHelp("An adapter folder for a model; may be repeated.", valueName: "[NAME=]folder"),
    completion: .directory)
  var adapter: [String] = []

  @Option(
    help: ArgumentHelp("The folder of a modality's encoder; where it was in training.", valueName: "NAME=FOLDER"),
    completion: .directory)
  var encoder: [String] = []

  @Option(
    help: ArgumentHelp("The folder of a modality's detector; where it was in training.", valueName: "NAME=FOLDER"),
    completion: .directory)
  var detect: [String] = []

  @Option(help: ArgumentHelp("The name of a single model; the folder's by default.", valueName: "name"))
  var name: String?

  @Option(help: ArgumentHelp("The address to listen on.", valueName: "address"))
  var host = "127.0.0.1"

  @Option(help: ArgumentHelp("The port to listen on; 0 for a free one.", valueName: "number"))
  var port: UInt16 = 8080

  @Option(help: ArgumentHelp("Samples of a pass, and of a request, at most.", valueName: "count"))
  var maxBatch = 64

  @Option(help: ArgumentHelp("Milliseconds that a request waits for others, at most.", valueName: "time"))
  var maxDelay = 2.0

  @Option(help: ArgumentHelp("Passes at a time; they share the threads; 2 by default.", valueName: "count"))
  var passes: Int?

  @Option(
    help: ArgumentHelp(
      "How streams of requests adapt: \((["none"] + AdaptedStreams.methods).joined(separator: ", ")).",
      valueName: "name"),
    completion: .list(["none"] + AdaptedStreams.methods))
  var adapt = "none"

  @Option(help: ArgumentHelp("Streams of a model in memory, at most.", valueName: "count"))
  var maxStreams = 1000

  @Option(
    help: ArgumentHelp("The folder in which streams outlive the service.", valueName: "folder"), completion: .directory)
  var state: String?

  @Option(
    help: ArgumentHelp("Seconds after SIGTERM in which the service still answers, as not ready.", valueName: "time"))
  var drain = 0.0

  @Flag(help: "Answer streams without adaptation, with what it would have said beside it.")
  var shadow = false

  @Option(
    help: ArgumentHelp("A file with a token on each line, one of which every request must have.", valueName: "file"),
    completion: .file())
  var tokenFile: String?

  @OptionGroup var device: DeviceOptions

  func validate() throws {
    try checkCounts([
      ("--max-batch", maxBatch), ("--model", model.count), ("--max-streams", maxStreams), ("--passes", passes ?? 1),
    ])
    for (option, isGiven) in [("--state", state != nil), ("--shadow", shadow)] where isGiven && adapt == "none" {
      throw ValidationError("\(option) needs streams that adapt. Give --adapt \(AdaptedStreams.methods[0]).")
    }
    guard passes ?? 1 <= 64 else { throw ValidationError("--passes must be at most 64, not \(passes ?? 1).") }
    guard maxBatch <= 1 << 16 else { throw ValidationError("--max-batch must be at most 65536, not \(maxBatch).") }
    guard (0...10_000).contains(maxDelay) else {
      throw ValidationError("--max-delay must be 0 to 10000 milliseconds, not \(maxDelay).")
    }
    guard (0...3600).contains(drain) else { throw ValidationError("--drain must be 0 to 3600 seconds, not \(drain).") }
    if name != nil, model.count > 1 {
      throw ValidationError("--name serves one model. Give several their names with --model NAME=FOLDER.")
    }
  }

  var inputs: [CommandInput] {
    model.map { .model(ServedFolders.split($0).folder) } + adapter.map { .adapter(ServedFolders.split($0).folder) }
      + (tokenFile.map { [.file($0)] } ?? [])
  }

  func execute() throws {
    let tokens = try tokenFile.map { (file) throws(Fault) in try AccessTokens(file: file) }
    let place = try device.prepare()
    var options = PredictionService.Options(models: try ServedFolders.sources(model, adapters: adapter, name: name))
    (options.host, options.port, options.tokens, options.device) = (host, port, tokens, place)
    (options.mostSamples, options.delay, options.passes) = (maxBatch, maxDelay, passes)
    (options.encoders.encoders, options.encoders.detectors) = (encoder, detect)
    if adapt != "none" {
      var streams = StreamOptions(method: adapt)
      (streams.most, streams.folder, streams.isShadow) = (maxStreams, state, shadow)
      options.streams = streams
    }
    options.warn = { Terminal.note($0) }
    StopSignal.listen()
    let service = try PredictionService(options)
    service.start()
    let names = options.models.map(\.name).joined(separator: ", ")
    Terminal.note("serving \(names) at \(service.address)")
    for (model, bytes) in service.streamBytes {
      let most = String(format: "%.1f MiB", Double(bytes * maxStreams) / 1_048_576)
      Terminal.note("note: each stream of \(model) takes up to \(bytes) bytes, and \(maxStreams) take \(most)")
    }
    if tokens == nil, !Self.isLoopback(host) {
      Terminal.note("note: everybody who reaches this address can use the service; --token-file asks for a token")
    }
    while !StopSignal.isRequested { Thread.sleep(forTimeInterval: 0.02) }
    service.drain()
    Thread.sleep(forTimeInterval: drain)
    if !service.stop() { Terminal.note("note: some requests took too long and got no answer") }
  }

  private static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }
}

/// The folders of models and adapters, as the options `--model` and `--adapter` name them.
enum ServedFolders {
  /// Splits `NAME=FOLDER`. A path that is there is a folder, whatever its name has.
  static func split(_ option: String) -> (name: String?, folder: String) {
    guard let equals = option.firstIndex(of: "="), !FileManager.default.fileExists(atPath: option) else {
      return (nil, option)
    }
    return (String(option[..<equals]), String(option[option.index(after: equals)...]))
  }

  /// Finds the model and the adapter of each name.
  /// - Throws: `Fault(.usage)` for an adapter without model, and the errors of the folders.
  static func sources(_ models: [String], adapters: [String], name: String?) throws(Fault) -> [ModelSource] {
    let folders = models.map { option in
      let (own, folder) = split(option)
      return (name: name ?? own ?? usual(folder), folder: folder)
    }
    var byModel: [String: String] = [:]
    for option in adapters {
      let (own, folder) = split(option)
      let target = own ?? (folders.count == 1 ? folders[0].name : "")
      guard folders.contains(where: { $0.name == target }), byModel.updateValue(folder, forKey: target) == nil else {
        throw Fault(
          .usage, target.isEmpty ? "this adapter names no model" : "no model or more than one adapter has this name",
          key: "--adapter", found: option, expected: folders.map { "\($0.name)=FOLDER" }.joined(separator: ", "))
      }
    }
    var sources: [ModelSource] = []
    for (name, folder) in folders {
      let start = try SeededFolders.only(folder, adapter: byModel[name])
      sources.append(ModelSource(name: name, folder: start.model, adapter: start.adapter))
    }
    return sources
  }

  /// The name of a folder. One that is called `model` has the name of the run above it.
  private static func usual(_ folder: String) -> String {
    let parts = URL(fileURLWithPath: folder).standardizedFileURL.path.split(separator: "/").map(String.init)
    guard let last = parts.last else { return "model" }
    return last == "model" && parts.count > 1 ? parts[parts.count - 2] : last
  }
}
