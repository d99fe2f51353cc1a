import Polyphony
import Torch

/// The writing of one split's safetensors file. Its modalities are streamed from the source.
struct SplitWriting {
  let set: SampleSet
  let entries: [ModalitySelection.Entry]
  let lengths: [SampleLengths]
  /// The targets of all samples, row by row. It is nil without targets.
  let target: [Double]?
  let task: PredictionTask
  let ids: [Int]
  /// The source of the samples, for faults.
  let source: String

  /// The outcome of the writing.
  struct Outcome {
    /// The replaced numbers, for each modality.
    var tallies: [FiniteTally] = []
    /// The number of samples without the modality, for each modality.
    var missing: [Int] = []
  }

  /// The number of bytes of the modalities.
  var byteCount: Int {
    entries.reduce(0) { sum, entry in
      let bytes = entry.modality.sampleShape.reduce(
        Self.product(set.rows.count, entry.modality.kind.elementType.size), Self.product)
      return Self.sum(sum, bytes)
    }
  }

  /// The number of bytes of all splits.
  static func byteCount(of writings: [SplitWriting]) -> Int { writings.map(\.byteCount).reduce(0, sum) }

  // A file may promise more bytes than a number can count. No disk has the largest number either.
  private static func product(_ a: Int, _ b: Int) -> Int {
    let (value, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? .max : value
  }

  private static func sum(_ a: Int, _ b: Int) -> Int {
    let (value, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : value
  }

  /// Writes the file. It writes it again if samples have no finite number at all, which only reading reveals.
  /// - Throws: `Fault` if the source cannot be read or the file cannot be written, and for a sample without any
  ///   modality.
  func write(to path: String, progress: (_ bytes: Int) -> Void) throws(Fault) -> Outcome {
    var presence = lengths.map(\.presence)
    var outcome = try write(to: path, presence, progress)
    let found = outcome.tallies.map(\.isPresent)
    var isNew = false
    for (index, isPresent) in found.enumerated() {
      for (sample, present) in isPresent.enumerated() where !present && presence[index]?[sample] != false {
        isNew = true
        var column = presence[index] ?? Array(repeating: true, count: isPresent.count)
        column[sample] = false
        presence[index] = column
      }
    }
    try check(presence)
    if isNew { outcome = try write(to: path, presence, progress) }
    outcome.missing = presence.map { $0?.count { !$0 } ?? 0 }
    return outcome
  }

  private func write(
    to path: String, _ presence: [[Bool]?], _ progress: (Int) -> Void
  ) throws(Fault) -> Outcome {
    let count = set.rows.count
    var outcome = Outcome()
    return try withoutActuallyEscaping(progress) { progress in
      Result { () throws(Fault) in
        var items: [SafetensorsWriter.Item] = [.init("id", .i64, [count], elements: ids.map(Int64.init))]
        for (entry, steps) in zip(entries, lengths) {
          guard let steps = steps.lengths else { continue }
          items.append(
            .init("\(entry.modality.name).length", .i64, [count], elements: steps.map(Int64.init)))
        }
        if let target {
          let shape = task.outputNames == nil ? [count] : [count, task.outputs]
          switch task.kind {
          case .regression: items.append(.init("target", .f32, shape, elements: target.map { Float($0) }))
          case .multilabel: items.append(.init("target", .u8, shape, elements: target.map { UInt8($0) }))
          case .classification, .segmentation:
            items.append(.init("target", .i64, shape, elements: target.map { Int64($0) }))
          }
        }
        for (index, (entry, steps)) in zip(entries, lengths).enumerated() {
          let stream = try stream(entry)
          let tally = FiniteTally(
            samples: count, width: stream.width, steps: entry.modality.steps, lengths: steps.lengths,
            presence: presence[index])
          outcome.tallies.append(tally)
          let type = entry.modality.kind.elementType
          items.append(
            .init(
              entry.modality.name, type, [count] + entry.modality.sampleShape
            ) { (sink) throws(Fault) in
              try stream.forEach { (values, start) throws(Fault) in
                tally.clean(values, start: start)
                if type == .f32 {
                  try sink(UnsafeRawBufferPointer(values))
                } else {
                  try withRawBytes(of: type.bytes(of: values)) { (bytes) throws(Fault) in try sink(bytes) }
                }
                progress(values.count * type.size)
              }
            })
        }
        if presence.contains(where: { $0 != nil }) {
          let rows = (0..<count).flatMap { row in presence.map { UInt8($0?[row] == false ? 0 : 1) } }
          items.append(.init("presence", .u8, [count, entries.count], elements: rows))
        }
        try SafetensorsWriter.write(to: path, items)
        return outcome
      }
    }.get()
  }

  private func stream(_ entry: ModalitySelection.Entry) throws(Fault) -> RowStream {
    guard case .array(let array)? = set.part[entry.key], case .bytes(let bytes) = array.content else {
      throw Fault(.badData, "this can be no modality", file: source, key: entry.key)
    }
    return RowStream(array: array, bytes: bytes, rows: set.rows, swapsAxes: entry.swapsAxes)
  }

  /// Refuses a sample without any modality, because no model can predict from it.
  private func check(_ presence: [[Bool]?]) throws(Fault) {
    for row in set.rows.indices where presence.allSatisfy({ $0?[row] == false }) {
      throw Fault(
        .badData, "a sample has no modality at all", file: source, key: set.name, found: "sample \(set.rows[row])",
        expected: "at least one modality with a finite number",
        remedy: "remove the sample, in pandas by df.dropna(how='all', subset=[…])")
    }
  }
}
