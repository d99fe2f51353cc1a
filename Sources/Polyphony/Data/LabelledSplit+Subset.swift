import Torch

extension UnlabelledSplit {
  /// Some samples as a split of their own, in the order of `indices`.
  public func subset(_ indices: [Int]) -> UnlabelledSplit {
    UnlabelledSplit(
      name: name, inputs: inputs.rows(Tensor(indices)),
      lengths: lengths.map { lengths in lengths.map { lengths in indices.map { lengths[$0] } } },
      ids: ids.map { ids in indices.map { ids[$0] } })
  }
}

extension LabelledSplit {
  /// Some samples as a split of their own, in the order of `indices`.
  public func subset(_ indices: [Int]) -> LabelledSplit {
    LabelledSplit(samples: samples.subset(indices), target: target.rows(Tensor(indices)))
  }

  /// The samples of some classes, in their order, their targets counted anew: the first of `classes` is 0, and so on.
  /// - Throws: `Fault(.usage)` for no or repeated classes, or one that the split has no sample of.
  public func filtered(classes: [Int]) throws(Fault) -> LabelledSplit {
    guard !classes.isEmpty, Set(classes).count == classes.count, target.rank == 1, !target.dtype.isFloatingPoint else {
      throw Fault(
        .usage, "the split cannot be filtered by these classes", key: samples.name, found: "\(classes)",
        expected: "distinct classes of a classification")
    }
    let labels = target.integers
    if let absent = classes.first(where: { !labels.contains($0) }) {
      throw Fault(
        .usage, "the split has no sample of a class", key: samples.name, found: "\(absent)",
        expected: "classes \(Set(labels).sorted())")
    }
    let chosen = subset(labels.indices.filter { classes.contains(labels[$0]) })
    return LabelledSplit(
      samples: chosen.samples, target: Tensor(chosen.target.integers.map { classes.firstIndex(of: $0) ?? 0 }))
  }

  /// So many samples of every class, drawn without repetition from a seed, in the order of the data; all of a class that
  /// has fewer.
  /// - Throws: `Fault(.usage)` for fewer than one, or where targets are no classes.
  public func subsampled(perClass count: Int, seed: UInt64) throws(Fault) -> LabelledSplit {
    guard count >= 1, target.rank == 1, !target.dtype.isFloatingPoint else {
      throw Fault(
        .usage, "the split cannot be subsampled by class", key: samples.name, found: "\(count) a class",
        expected: "1 or more samples a class of a classification")
    }
    let labels = target.integers
    var taken: [Int: Int] = [:]
    var chosen: [Int] = []
    for index in Generator(seed: seed).permutation(labels.count) where taken[labels[index], default: 0] < count {
      taken[labels[index], default: 0] += 1
      chosen.append(index)
    }
    return subset(chosen.sorted())
  }

  /// So many samples of every class, or of all where there are no classes, drawn from a seed in the order of the data.
  /// - Throws: `Fault(.usage)` for fewer than one.
  public func few(_ count: Int, of task: PredictionTask, seed: UInt64) throws(Fault) -> LabelledSplit {
    if task.kind == .classification { return try subsampled(perClass: count, seed: seed) }
    return subset(Generator(seed: seed).permutation(self.count).prefix(count).sorted())
  }
}
