import Polyphony

/// The classes of a data set for the labels in masks.
struct MaskLabels: Equatable {
  /// The label of each class; 0 is the background.
  let labels: [Int]
  private let classes: [Int: Int]

  /// Makes classes of the labels of all masks.
  ///
  /// Labels are numbered in ascending order. BraTS has the labels 1, 2 and 3, and 4 in place of 3 in its older years. It
  /// has four classes even where a label does not occur, so that the regions ET, TC and WT stay what they are.
  /// - Parameters:
  ///   - found: all labels.
  ///   - contrasts: the names of the contrasts, which BraTS' layout is known by.
  /// - Throws: `Fault(.badData)` if no mask has a label.
  init(_ found: Set<Int>, contrasts: Set<String>, file: String, key: String) throws(Fault) {
    guard found.contains(where: { $0 > 0 }) else {
      throw Fault(
        .badData, "the mask is empty", file: file, key: key, found: "0 in every voxel", expected: "labels above 0",
        remedy: "name another mask with --target, or add patients with lesions")
    }
    let layouts: [Set<String>] = [["t1n", "t1c", "t2w", "t2f"], ["t1", "t1ce", "t2", "flair"]]
    let isBraTS = layouts.contains { $0.isSubset(of: contrasts) }
    if found.contains(4), found.isSubset(of: [0, 1, 2, 4]) {
      labels = [0, 1, 2, 4]
    } else if isBraTS, found.isSubset(of: [0, 1, 2, 3]) {
      labels = [0, 1, 2, 3]
    } else {
      labels = found.union([0]).sorted()
    }
    classes = Dictionary(uniqueKeysWithValues: zip(labels, 0...))
  }

  /// The class of a voxel of a mask.
  func place(of value: Float) -> Int64 { Int64(classes[Int(value)] ?? 0) }

  /// True if classes are the labels themselves.
  var isIdentity: Bool { labels == Array(labels.indices) }

  /// The task, whose classes have the labels as their names where they are other numbers.
  var task: PredictionTask {
    PredictionTask(kind: .segmentation, classes: labels.count, labels: isIdentity ? nil : labels.map(String.init))
  }

  /// A sentence about labels that become other numbers.
  var note: String? {
    guard !isIdentity else { return nil }
    func list(_ numbers: some Sequence<Int>) -> String { numbers.map(String.init).joined(separator: ", ") }
    return "the labels \(list(labels)) of the masks are the classes \(list(labels.indices)). predict writes the labels"
  }

  /// The label of each class of a task, which the names of classes say where they are numbers.
  static func labels(of task: PredictionTask) -> [Int]? {
    guard let names = task.labels else { return nil }
    let numbers = names.compactMap { Int($0) }
    return numbers.count == names.count && numbers.allSatisfy { $0 >= 0 } ? numbers : nil
  }
}
