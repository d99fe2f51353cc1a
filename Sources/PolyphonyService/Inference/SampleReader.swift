import Polyphony

/// Reads the inputs of requests as samples of a model.
///
/// An input has the name of a modality. `NAME.length` has the real steps of its samples, and `presence` says which sample
/// has which modality, as in a data set. A modality without an input is missing.
struct SampleReader: Sendable {
  /// The name of the input with the presence of modalities.
  static let presence = "presence"

  let modalities: [Modality]
  private let canMiss: [Bool]
  private let mostSamples: Int

  /// Reads for a model.
  /// - Parameter mostSamples: the most samples of a request.
  init(_ model: MultimodalModel, mostSamples: Int) {
    modalities = model.configuration.inputModalities
    canMiss = model.configuration.modalities.map { model.canMiss($0) }
    self.mostSamples = mostSamples
  }

  /// True if a request may leave a modality out.
  func isOptional(_ index: Int) -> Bool { canMiss[index] }

  /// Reads the inputs of a request.
  /// - Throws: `HTTPError(400)` that names the input.
  func samples(_ inputs: [InputTensor]) throws(HTTPError) -> Samples {
    let names = modalities.map(\.name)
    let known = names + modalities.filter(\.hasSteps).map { "\($0.name).length" } + [Self.presence]
    for input in inputs where !known.contains(input.name) {
      throw HTTPError(
        400,
        "inputs: the model has no input \(input.name.prefix(80).escapingControls()); it has "
          + known.joined(separator: ", "))
    }
    guard let first = inputs.first(where: { names.contains($0.name) }) else {
      throw HTTPError(400, "inputs: no modality is there; the model has \(names.joined(separator: ", "))")
    }
    let count = first.shape[0]
    guard count <= mostSamples else {
      throw HTTPError(400, "inputs: \(count) samples in one request; the most are \(mostSamples)")
    }
    let presence = try inputs.first { $0.name == Self.presence }.map { (input) throws(HTTPError) in
      try self.presence(input, count)
    }
    var values: [Samples.Values?] = []
    var cells = presence ?? Array(repeating: true, count: count * modalities.count)
    for (index, modality) in modalities.enumerated() {
      guard let input = inputs.first(where: { $0.name == modality.name }) else {
        for row in 0..<count { cells[row * modalities.count + index] = false }
        values.append(nil)
        continue
      }
      guard input.shape[0] == count else {
        throw Self.refuse(input, "\(input.shape[0]) samples, and \(first.name) has \(count)")
      }
      let given = inputs.first { $0.name == "\(modality.name).length" }
      let column = presence.map { presence in (0..<count).map { presence[$0 * modalities.count + index] } }
      values.append(try read(input, lengths: given, modality, count, present: column))
    }
    try check(cells, count)
    return Samples(count: count, values: values, presence: cells.contains(false) ? cells : nil)
  }

  /// One sample of zeros, which has all modalities.
  func zeros() -> Samples {
    let values = modalities.map { Samples.Values(bytes: Array(repeating: 0, count: $0.sampleBytes)[...]) }
    return Samples(count: 1, values: values, presence: nil)
  }

  /// Checks that every sample has the modalities that the model needs, and one at least.
  private func check(_ cells: [Bool], _ count: Int) throws(HTTPError) {
    for row in 0..<count {
      let own = cells[row * modalities.count..<(row + 1) * modalities.count]
      guard own.contains(true) else { throw HTTPError(400, "inputs: sample \(row) has no modality") }
      if let index = zip(own, canMiss).enumerated().first(where: { !$0.element.0 && !$0.element.1 })?.offset {
        throw HTTPError(
          400,
          "inputs: \(modalities[index].name) is missing, and the model cannot do without it; "
            + "an adapter for missing modalities can")
      }
    }
  }

  private func presence(_ input: InputTensor, _ count: Int) throws(HTTPError) -> [Bool] {
    guard input.shape == [count, modalities.count] else {
      throw Self.refuse(input, "the shape is \(input.shape); expected: [\(count), \(modalities.count)]")
    }
    let numbers = try Self.numbers(input)
    guard numbers.allSatisfy({ $0 == 0 || $0 == 1 }) else { throw Self.refuse(input, "0 or 1 is needed") }
    return numbers.map { $0 == 1 }
  }

  private func read(
    _ input: InputTensor, lengths: InputTensor?, _ modality: Modality, _ count: Int, present: [Bool]?
  ) throws(HTTPError) -> Samples.Values {
    let wanted = modality.sampleShape
    let found = Array(input.shape.dropFirst())
    let steps = modality.hasSteps ? found.first ?? 0 : 1
    let fits =
      modality.hasSteps
      ? found.dropFirst().elementsEqual(wanted.dropFirst()) && (1...modality.steps).contains(steps) : found == wanted
    guard fits else {
      let shape = modality.hasSteps ? "[\(count), 1 to \(modality.steps)" : "[\(count)"
      let rest = wanted.dropFirst(modality.hasSteps ? 1 : 0).map { ", \($0)" }.joined()
      throw Self.refuse(input, "the shape is \(input.shape); expected: \(shape)\(rest)]")
    }
    let type = try ElementType(modality)
    var bytes = try type.bytes(of: input, modality)
    var real: [Int]?
    if let lengths { real = try self.lengths(lengths, steps, count, present) }
    if steps < wanted[0], modality.hasSteps {
      // Padding lies behind the real steps of each sample.
      let (size, full) = (bytes.count / count, bytes.count / count / steps * wanted[0])
      var padded: [UInt8] = []
      padded.reserveCapacity(full * count)
      for row in 0..<count {
        padded += bytes[(bytes.startIndex + row * size)...].prefix(size)
        padded += repeatElement(0, count: full - size)
      }
      bytes = padded[...]
      real = real ?? Array(repeating: steps, count: count)
    }
    if let lengths = real, lengths.allSatisfy({ $0 == modality.steps }) { real = nil }
    return Samples.Values(bytes: bytes, lengths: real)
  }

  private func lengths(
    _ input: InputTensor, _ steps: Int, _ count: Int, _ present: [Bool]?
  ) throws(HTTPError) -> [Int] {
    guard input.shape == [count] || input.shape == [count, 1] else {
      throw Self.refuse(input, "the shape is \(input.shape); expected: [\(count)]")
    }
    let numbers = try Self.numbers(input)
    for (row, number) in numbers.enumerated() {
      let smallest: Double = present?[row] == false ? 0 : 1
      guard (smallest...Double(steps)).contains(number), number.rounded() == number else {
        throw Self.refuse(
          input, "\(number) in sample \(row); expected: a whole number from \(Int(smallest)) to \(steps)")
      }
    }
    return numbers.map { Int($0) }
  }

  static func numbers(_ input: InputTensor) throws(HTTPError) -> [Double] {
    switch input.elements {
    case .numbers(let numbers): return numbers
    case .bytes(let bytes):
      var numbers: [Double] = []
      numbers.reserveCapacity(bytes.count / (input.datatype.size ?? 1))
      bytes.withUnsafeBytes { input.datatype.forEach(in: $0) { numbers.append($0) } }
      return numbers
    case .texts: throw refuse(input, "texts are there; expected: numbers")
    }
  }

  static func refuse(_ input: InputTensor, _ problem: String) -> HTTPError {
    HTTPError(400, "inputs: \(input.name): \(problem)")
  }
}
