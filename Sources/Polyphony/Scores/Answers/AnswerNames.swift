/// The names of samples and classes in answers.
public struct AnswerNames: Sendable {
  /// The texts behind the samples' ids. Nil if the ids are numbers.
  public var samples: [String]?
  /// The names of the classes, for a model that knows none.
  public var classes: [String]?

  /// Makes names. Default: samples and classes have numbers.
  public init(samples: [String]? = nil, classes: [String]? = nil) {
    (self.samples, self.classes) = (samples, classes)
  }

  /// Takes the names of a data set. An unreadable `ids.json` leaves the samples their numbers.
  init(_ dataset: Dataset) {
    self.init(samples: (try? dataset.sampleNames()) ?? nil, classes: dataset.description.task.labels)
  }
}
