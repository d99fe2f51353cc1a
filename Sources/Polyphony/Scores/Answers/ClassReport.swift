/// The answers to a classification by class: the confusion matrix, and support, precision, recall and F1 of each class.
///
/// ```swift
/// let evaluation = try model.evaluate(test)
/// if let confusion = evaluation.confusion {
///   let report = ClassReport(confusion, labels: model.configuration.task.labels)
///   print(report.matrix.text(), report.table.text())
/// }
/// ```
public struct ClassReport: Equatable, Sendable {
  /// The figures of one class.
  public struct Row: Equatable, Sendable {
    /// The class's name.
    public var label: String
    /// The number of samples of the class.
    public var support: Int
    /// The share of the predictions of the class that are right. Nil if nothing was predicted to be of the class.
    public var precision: Double?
    /// The share of the class's samples that were recognised. Nil if there are no samples.
    public var recall: Double?
    /// The harmonic mean of precision and recall. Nil for a class without samples and predictions.
    public var f1: Double?
  }

  /// The maximum number of classes in a table. With more, the last row and column gather the rarest classes.
  public static let mostClasses = 12

  /// The counts of true and predicted classes.
  public let confusion: ConfusionMatrix
  /// The names of the classes.
  public let labels: [String]

  /// Makes a report.
  /// - Parameters:
  ///   - confusion: the counts.
  ///   - labels: the names of the classes. Default: their numbers.
  public init(_ confusion: ConfusionMatrix, labels: [String]? = nil) {
    self.confusion = confusion
    let given = labels.flatMap { $0.count == confusion.classes ? $0 : nil }
    self.labels = given ?? (0..<confusion.classes).map(String.init)
  }

  /// Returns the report on the answers of both. Reports on other classes do not add, and the result is this one.
  func adding(_ other: ClassReport) -> ClassReport {
    guard other.labels == labels else { return self }
    var sum = confusion
    sum += other.confusion
    return ClassReport(sum, labels: labels)
  }

  /// The figures of all classes, in their order.
  public var rows: [Row] {
    labels.enumerated().map { index, label in
      Row(
        label: label, support: confusion.support(index), precision: confusion.precision(index),
        recall: confusion.recall(index), f1: confusion.f1(index))
    }
  }

  /// The classes with a row of their own in tables. With many classes they are those with the most samples.
  var shown: [Int] {
    guard confusion.classes > Self.mostClasses else { return Array(0..<confusion.classes) }
    let supports = (0..<confusion.classes).map(confusion.support)
    let order = supports.indices.sorted { supports[$0] == supports[$1] ? $0 < $1 : supports[$0] > supports[$1] }
    return order.prefix(Self.mostClasses - 1).sorted()
  }

  /// The confusion matrix as a table: rows are true classes, columns are predicted ones.
  public var matrix: TextTable {
    let shown = shown
    let rest = Array(Set(0..<confusion.classes).subtracting(shown))
    let groups = shown.map { [$0] } + (rest.isEmpty ? [] : [rest])
    let names = shown.map { labels[$0] } + (rest.isEmpty ? [] : ["\(rest.count) others"])
    var table = TextTable([.init("truth \\ prediction")] + names.map { .init($0, .right) })
    for (name, truths) in zip(names, groups) {
      table.append(
        [name]
          + groups.map { predictions in
            String(truths.reduce(0) { sum, truth in sum + predictions.reduce(0) { $0 + confusion[truth, $1] } })
          })
    }
    return table
  }

  /// The figures by class as a table.
  public var table: TextTable {
    let rows = rows
    var table = TextTable(
      [.init("class")] + ["support", "precision", "recall", "f1"].map { .init($0, .right) })
    for index in shown {
      let row = rows[index]
      table.append([row.label, String(row.support)] + [row.precision, row.recall, row.f1].map(Self.text))
    }
    return table
  }

  /// The remark on classes that the tables gather. It is nil if every class has its row.
  public var remark: String? {
    let shown = shown
    guard shown.count < confusion.classes else { return nil }
    return "The tables show the \(shown.count) classes with the most samples; "
      + "\(confusion.classes - shown.count) others share one row and column of the matrix."
  }

  private static func text(_ value: Double?) -> String { Aggregate([value]).formatted() }
}

extension ClassReport {
  /// The keys of a row of results: `confusion`, a list of lists with a row per true class, and `per_class`, an object per
  /// class.
  package var members: [(key: String, value: OrderedJSON)] {
    func number(_ value: Double?) -> OrderedJSON { value.map { .number($0) } ?? .null }
    let counts = (0..<confusion.classes).map { truth in
      OrderedJSON.array((0..<confusion.classes).map { .integer(confusion[truth, $0]) })
    }
    let classes = rows.map { row -> OrderedJSON in
      [
        "class": .string(row.label), "support": .integer(row.support), "precision": number(row.precision),
        "recall": number(row.recall), "f1": number(row.f1),
      ]
    }
    return [("confusion", .array(counts)), ("per_class", .array(classes))]
  }

  /// Reads the report from a row of results. It is nil for a row without these keys, or with another form of them.
  package init?(_ row: ResultsDocument.Row) {
    guard case .array(let lines)? = row.extra["confusion"], case .array(let classes)? = row.extra["per_class"],
      lines.count == classes.count
    else { return nil }
    var counts: [Int] = []
    for line in lines {
      guard case .array(let cells) = line, cells.count == lines.count else { return nil }
      for cell in cells {
        guard let count = cell.count else { return nil }
        counts.append(count)
      }
    }
    let labels = classes.map { entry in
      if case .string(let label)? = entry["class"] { label } else { "" }
    }
    self.init(ConfusionMatrix(counts: counts, classes: classes.count), labels: labels)
  }
}
