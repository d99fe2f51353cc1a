import Polyphony
import Torch

/// The writing of one split's safetensors file. Volumes are read one after another, one at a time.
struct VolumeSplitFile {
  let set: VolumeSet
  let parts: [VolumeSplits.Part]
  /// The classes of the labels. It is nil for a split without targets.
  let labels: MaskLabels?
  /// The number of the split's first sample.
  let firstID: Int

  /// The number of samples.
  var count: Int { self.set.depth == nil ? parts.reduce(0) { $0 + $1.slices.count } : parts.count }

  /// The slices of a part that lie one after another in the file: each a sample, or all of them one. Nil is a slice of
  /// zeros behind the last one.
  private func planes(of part: VolumeSplits.Part) -> [Int?] { set.depth.map(part.planes) ?? part.slices }

  /// The samples of a part, by the index of their first slice.
  private func starts(of part: VolumeSplits.Part) -> [Int] {
    set.depth == nil ? part.slices : Array(part.slices.prefix(1))
  }

  /// The names of the samples: `PATIENT/SLICE`, and for a volume `PATIENT`, or `PATIENT/FIRST-LAST` for a block of it.
  var identifiers: [String] {
    parts.flatMap { part in
      let patient = set.patients[part.patient]
      let name = patient.volume.name
      guard set.depth != nil else { return part.slices.map { "\(name)/\($0)" } }
      let (first, last) = (part.slices.first ?? 0, part.slices.last ?? 0)
      return part.slices.count == patient.slices.count ? [name] : ["\(name)/\(first)-\(last)"]
    }
  }

  /// Writes the file.
  /// - Parameter done: called with the path of each volume that was read.
  /// - Throws: `Fault` if a volume can no longer be read or the file cannot be written.
  func write(to path: String, done: (_ path: String) -> Void) throws(Fault) {
    try withoutActuallyEscaping(done) { done in
      Result { () throws(Fault) in try SafetensorsWriter.write(to: path, items(done)) }
    }.get()
  }

  private func items(_ done: @escaping (String) -> Void) -> [SafetensorsWriter.Item] {
    let count = count
    var items: [SafetensorsWriter.Item] = [
      .init("id", .i64, [count], elements: (0..<count).map { Int64(firstID + $0) }),
      .init(
        "volume", .i64, [count], elements: parts.flatMap { part in starts(of: part).map { _ in Int64(part.patient) } }),
      .init("slice", .i64, [count], elements: parts.flatMap { starts(of: $0).map(Int64.init) }),
    ]
    if let labels, let mask = set.mask {
      items.append(
        .init("target", .i64, [count] + (set.depth.map { [$0] } ?? []) + set.size) { (sink) throws(Fault) in
          for part in parts {
            try pictures(of: part, mask, outside: Int64(0), done, sink) { labels.place(of: $0) }
          }
        })
    }
    for modality in set.modalities {
      items.append(
        .init(modality.name, .f32, [count] + modality.sampleShape) { (sink) throws(Fault) in
          for part in parts {
            guard let scan = set.patients[part.patient].scans[modality.name] else {
              for _ in planes(of: part) {
                let zeros = [Float](repeating: 0, count: set.size[0] * set.size[1])
                try withRawBytes(of: zeros) { (bytes) throws(Fault) in try sink(bytes) }
              }
              continue
            }
            let (mean, deviation) = (Float(scan.mean), Float(scan.deviation))
            try pictures(of: part, set.keys[modality.name] ?? "", outside: Float(0), done, sink) { value in
              value == 0 ? 0 : (value - mean) / deviation
            }
          }
        })
    }
    let isPresent = parts.flatMap { part in
      starts(of: part).flatMap { _ in
        set.modalities.map { set.patients[part.patient].scans[$0.name] == nil ? UInt8(0) : 1 }
      }
    }
    if isPresent.contains(0) {
      items.append(.init("presence", .u8, [count, set.modalities.count], elements: isPresent))
    }
    return items
  }

  /// Reads one volume, and writes its slices.
  private func pictures<Value: BitwiseCopyable>(
    of part: VolumeSplits.Part, _ key: String, outside: Value, _ done: (String) -> Void,
    _ sink: SafetensorsWriter.Item.Sink, _ change: (Float) -> Value
  ) throws(Fault) {
    let patient = set.patients[part.patient]
    guard let path = patient.files.paths[key] else {
      throw Fault(.failure, "a volume has no file", file: patient.files.name, key: key)
    }
    let values = try NIfTIFile(path).values()
    let grid = SliceGrid(patient.volume, size: set.size)
    let empty = Array(repeating: outside, count: set.size[0] * set.size[1])
    for slice in planes(of: part) {
      let picture = slice.map { grid.picture($0, of: values, outside: outside, change) } ?? empty
      try withRawBytes(of: picture) { (bytes) throws(Fault) in try sink(bytes) }
    }
    done(path)
  }
}
