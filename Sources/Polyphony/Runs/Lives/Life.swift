import Torch

/// A life of a model: training (``TrainLife``), tuning (``TuneLife``) or adaptation (``AdaptLife``).
///
/// A value describes methods, model, data and settings. ``prepare(seeds:)`` reads and checks all of them once. The
/// prepared life runs one method with one seed and scores the result. ``MethodGrid`` runs all methods and seeds.
public protocol Life {
  /// The type of the life after settings, data and models were read.
  associatedtype Prepared: PreparedLife

  /// Reads settings, data and models, and checks them.
  ///
  /// - Parameter seeds: the seeds to run. Each may start from a model of its own.
  /// - Throws: `Fault` for every error that a user can make. No file has been written by then.
  func prepare(seeds: [UInt64]) throws(Fault) -> Prepared
}

extension Life {
  /// Prepares the life for seed 0 alone.
  public func prepare() throws(Fault) -> Prepared { try prepare(seeds: [0]) }
}

/// A life after its settings, data and models were read. It runs one method with one seed, and scores the result.
public protocol PreparedLife {
  /// The product of a run in memory.
  associatedtype Product: LifeProduct
  /// The observer of a run.
  associatedtype Observer

  /// The methods in the order of the results.
  var methods: [String] { get }

  /// Makes a row of results for a method, without scores.
  func row(for method: String) -> RunResult

  /// The settings of a method with every default filled in. They are the content of `recipe.yaml` in the run's folder.
  func recipe(for method: String) -> SettingsTree

  /// Writes the files that all runs of the life share into the output folder.
  func begin(in folder: RunFolder) throws(Fault)

  /// Runs a method with a seed.
  ///
  /// Two runs may share one model in memory. So a run may change the model in the product of the run before it.
  /// - Parameters:
  ///   - method: one of ``methods``.
  ///   - seed: the seed of all random numbers.
  ///   - folder: the folder for checkpoints and the product. Without it, the run writes no files.
  ///   - resume: true to continue from the folder's checkpoint, if there is one.
  ///   - observers: the observers of the run.
  func run(
    _ method: String, seed: UInt64, folder: RunFolder?, resume: Bool, observers: [Observer]
  ) throws(Fault) -> Product

  /// Scores a product on the life's data, and measures its cost.
  ///
  /// - Parameters:
  ///   - product: the product of a run.
  ///   - seed: the seed of the run.
  ///   - measuresCost: true to time the product too. Only a tuning has a cost.
  func score(_ product: Product, seed: UInt64, measuresCost: Bool) throws(Fault) -> RunScore

  /// Makes further rows beside those of the methods, such as the row of the source model.
  func references(seeds: [UInt64]) throws(Fault) -> [RunResult]
}

extension PreparedLife {
  /// Default: writes no files.
  public func begin(in folder: RunFolder) throws(Fault) {}

  /// Default: no further rows.
  public func references(seeds: [UInt64]) throws(Fault) -> [RunResult] { [] }

  /// Runs a method in memory, without files and observers.
  public func run(_ method: String, seed: UInt64 = 0) throws(Fault) -> Product {
    try run(method, seed: seed, folder: nil, resume: false, observers: [])
  }

  /// Runs a method in a folder, without observers.
  public func run(
    _ method: String, seed: UInt64 = 0, folder: RunFolder, resume: Bool = false
  ) throws(Fault) -> Product {
    try run(method, seed: seed, folder: folder, resume: resume, observers: [])
  }
}

/// The product of a run in memory.
public protocol LifeProduct {
  /// True if the user stopped the run before its end.
  var wasStopped: Bool { get }
}
