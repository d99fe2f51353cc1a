import Torch

extension StreamAdaptation {
  /// Writes states of one stream as one file, which is the whole old one or the whole new one at any instant.
  ///
  /// The tensors of state i have the keys `i.KEY`, and its counts are the entries `i.samples`, `i.skipped`, `i.steps` and
  /// `i.returns`.
  /// - Parameter notes: further entries of the file, such as the stream's name.
  /// - Throws: `Fault(.cannotWrite)`.
  package static func write(_ states: [State], to path: String, notes: [String: String]) throws(Fault) {
    var (items, entries): ([SafetensorsWriter.Item], [String: String]) = ([], notes)
    entries["states"] = "\(states.count)"
    for (place, state) in states.enumerated() {
      items += state.tensors.sorted { $0.key < $1.key }.map { .init("\(place).\($0.key)", $0.value) }
      entries["\(place).samples"] = "\(state.samples)"
      entries["\(place).skipped"] = "\(state.skipped)"
      entries["\(place).steps"] = "\(state.steps)"
      entries["\(place).returns"] = "\(state.returns)"
    }
    // A folder may have many streams, and a save must not read it.
    try SafetensorsWriter.write(to: path, items, metadata: entries, sweeps: false)
  }

  /// Reads the states of a stream, and checks that they fit this adaptation.
  /// - Parameter notes: entries that the file must have.
  /// - Returns: The states, at least one, and all entries of the file.
  /// - Throws: `Fault(.missingInput)` and `Fault(.badData)`.
  package func read(
    _ path: String, notes: [String: String]
  ) throws(Fault) -> (states: [State], notes: [String: String]) {
    let file = try SafetensorsFile(path: path)
    for (key, value) in notes where file.metadata[key] != value {
      throw Fault(
        .badData, "the state is that of another stream or model", file: path, key: key,
        found: file.metadata[key] ?? "nothing", expected: value)
    }
    func number(_ key: String, from least: Int) throws(Fault) -> Int {
      guard let number = file.metadata[key].flatMap({ Int($0) }), number >= least, number <= 1 << 53 else {
        throw Fault(
          .badData, "the file of a stream lacks a number", file: path, key: key, found: file.metadata[key] ?? "nothing",
          expected: "a whole number from \(least) on")
      }
      return number
    }
    let all = try file.tensors()
    let count = try number("states", from: 1)
    guard all.count == source.tensors.count.multipliedReportingOverflow(by: count).partialValue else {
      throw Fault(
        .badData, "the file of a stream has other tensors than the method", file: path, found: "\(all.count) tensors",
        expected: "\(source.tensors.count) in each of \(count) states")
    }
    var states: [State] = []
    for place in 0..<count {
      var tensors: [String: Tensor] = [:]
      for key in source.tensors.keys { tensors[key] = all["\(place).\(key)"] }
      try SavedTensors.check(tensors, against: source.tensors.map { ($0.key, $0.value) }, file: path)
      guard Self.areFinite(tensors) else {
        throw Fault(.badData, "the state of a stream has numbers that are not finite", file: path)
      }
      var state = State(tensors: tensors.mapValues { tensor in noGrad { tensor.copy() } })
      state.samples = try number("\(place).samples", from: 0)
      // Files of earlier versions have no such entry.
      if file.metadata["\(place).skipped"] != nil { state.skipped = try number("\(place).skipped", from: 0) }
      state.steps = try number("\(place).steps", from: 0)
      state.returns = try number("\(place).returns", from: 0)
      states.append(state)
    }
    return (states, file.metadata)
  }
}
