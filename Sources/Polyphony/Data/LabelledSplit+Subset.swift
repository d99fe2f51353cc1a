import Torch

extension UnlabelledSplit {
  /// A split of some samples, in the order of `indices`.
  public func subset(_ indices: [Int]) -> UnlabelledSplit {
    UnlabelledSplit(
      name: name, inputs: stored.rows(Tensor(indices)).widened,
      lengths: lengths.map { lengths in lengths.map { lengths in indices.map { lengths[$0] } } },
      ids: ids.map { ids in indices.map { ids[$0] } }, volumes: volumes?.rows(indices))
  }
}

extension LabelledSplit {
  /// A split of some samples, in the order of `indices`.
  public func subset(_ indices: [Int]) -> LabelledSplit {
    LabelledSplit(samples: samples.subset(indices), target: target.rows(Tensor(indices)))
  }

  /// A split of the samples of some classes, in their order. Targets become places in `classes`: the first class is 0.
  /// - Throws: `Fault(.usage)` for empty or repeated `classes`, for a class without samples, and for other tasks.
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

  /// A split of `count` random samples of every class, in the order of the data.
  ///
  /// The seed determines the draw, which is without repetition. A class with fewer samples keeps all of them.
  /// - Throws: `Fault(.usage)` for a count below 1 and for targets that are no classes.
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

  /// A split of `count` random samples of every class, or of `count` samples in all for other tasks.
  /// - Throws: `Fault(.usage)` for a count below 1 in a classification.
  public func few(_ count: Int, of task: PredictionTask, seed: UInt64) throws(Fault) -> LabelledSplit {
    if task.kind == .classification { return try subsampled(perClass: count, seed: seed) }
    return subset(Generator(seed: seed).permutation(self.count).prefix(count).sorted())
  }
}
