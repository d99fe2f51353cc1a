import OrderedCollections

extension AnswerSummary {
  /// The summary as an object of a row of results, without the figures by class. The row has those of all seeds.
  func json(seed: Int) -> OrderedJSON {
    var members: [OrderedJSON.Member] = [.init("seed", .integer(seed))]
    if let calibration {
      let bins = calibration.bins.map { bin -> OrderedJSON in
        [.integer(bin.count), .number(bin.confidence), .integer(bin.correct)]
      }
      members.append(.init("reliability", .array(bins)))
    }
    if !pairs.isEmpty {
      members.append(.init("pairs", .array(pairs.map { [.number($0.target), .number($0.prediction)] })))
    }
    let figure = calibration == nil ? "error" : "confidence"
    let lines = worst.map { answer -> OrderedJSON in
      .object([
        .init("id", .string(answer.id)), .init("target", .string(answer.target)),
        .init("prediction", .string(answer.prediction)), .init(figure, .number(answer.figure)),
      ])
    }
    members.append(.init("worst", .array(lines)))
    if !images.isEmpty { members.append(.init("images", .array(images.map(\.json)))) }
    return .object(members)
  }

  /// Reads the summaries of a row by seed. A row without `answers` has none, and entries of another form are left out.
  package static func all(_ row: ResultsDocument.Row) -> OrderedDictionary<Int, AnswerSummary> {
    guard case .array(let entries)? = row.extra["answers"] else { return [:] }
    var summaries: OrderedDictionary<Int, AnswerSummary> = [:]
    for entry in entries {
      guard case .integer(let seed)? = entry["seed"] else { continue }
      var summary = AnswerSummary()
      let bins = entry["reliability"].map { $0.elements.compactMap(Calibration.Bin.init) } ?? []
      if !bins.isEmpty { summary.calibration = Calibration(bins: bins) }
      summary.pairs = (entry["pairs"]?.elements ?? []).compactMap(Pair.init)
      summary.worst = (entry["worst"]?.elements ?? []).compactMap(Worst.init)
      summary.images = (entry["images"]?.elements ?? []).compactMap(SegmentedImage.init)
      summaries[seed] = summary
    }
    return summaries
  }
}

extension Calibration.Bin {
  fileprivate init?(_ json: OrderedJSON) {
    let parts = json.elements
    guard parts.count == 3, let count = parts[0].count, let confidence = parts[1].finite,
      let correct = parts[2].count, correct <= count
    else { return nil }
    self.init(count: count, confidence: confidence, correct: correct)
  }
}

extension AnswerSummary.Pair {
  fileprivate init?(_ json: OrderedJSON) {
    let parts = json.elements.compactMap(\.finite)
    guard parts.count == 2 else { return nil }
    self.init(target: parts[0], prediction: parts[1])
  }
}

extension AnswerSummary.Worst {
  fileprivate init?(_ json: OrderedJSON) {
    guard case .string(let id)? = json["id"], case .string(let target)? = json["target"],
      case .string(let prediction)? = json["prediction"],
      let figure = (json["confidence"] ?? json["error"])?.finite
    else { return nil }
    self.init(id: id, target: target, prediction: prediction, figure: figure)
  }
}
