import Torch

/// One of the lives of a model: it is trained (``TrainLife``), tuned (``TuneLife``) or adapted (``AdaptLife``).
///
/// A value describes what is to be done, by which methods, to which model, on which data. ``prepare(seeds:)`` reads all of
/// that and checks it, once. What it returns runs one method with one seed and scores the result. ``MethodGrid`` goes over
/// all methods and seeds.
public protocol Life {
  /// The life, ready to be run.
  associatedtype Prepared: PreparedLife

  /// Reads settings, data and models, and checks them.
  ///
  /// - Parameter seeds: the seeds that will be run; each may start from a model of its own.
  /// - Throws: `Fault` for whatever a user can get wrong. Nothing is written before.
  func prepare(seeds: [UInt64]) throws(Fault) -> Prepared
}

extension Life {
  /// Prepares the life for the seed 0 alone.
  public func prepare() throws(Fault) -> Prepared { try prepare(seeds: [0]) }
}

/// A life whose settings, data and models are read: it runs one method with one seed, and scores the result.
public protocol PreparedLife {
  /// What a run leaves in memory.
  associatedtype Product: LifeProduct
  /// What watches a run.
  associatedtype Observer

  /// The methods in the order of the results.
  var methods: [String] { get }

  /// A row of results for a method, without scores.
  func row(for method: String) -> RunResult

  /// What the method reads, with every default filled in: the content of the run folder's `recipe.yaml`.
  func recipe(for method: String) -> SettingsTree

  /// Writes what all runs of the life share into the output folder.
  func begin(in folder: RunFolder) throws(Fault)

  /// Runs a method with a seed.
  ///
  /// The product of the run before it may share its model, which then no longer is what that run left.
  /// - Parameters:
  ///   - method: one of ``methods``.
  ///   - seed: what every random number follows from.
  ///   - folder: where checkpoints and the product go; nothing is written without it.
  ///   - resume: continues from the folder's checkpoint, if it has one.
  ///   - observers: what watches the run.
  func run(
    _ method: String, seed: UInt64, folder: RunFolder?, resume: Bool, observers: [Observer]
  ) throws(Fault) -> Product

  /// What the product reaches on the data that is scored, and what it has cost.
  ///
  /// - Parameters:
  ///   - product: what the run of a method and seed has left.
  ///   - seed: its seed.
  ///   - measuresCost: whether to time the product too, where the life has a cost to speak of.
  func score(_ product: Product, seed: UInt64, measuresCost: Bool) throws(Fault) -> RunScore

  /// Rows beside those of the methods, such as that of the source model.
  func references(seeds: [UInt64]) throws(Fault) -> [RunResult]
}

extension PreparedLife {
  /// Nothing.
  public func begin(in folder: RunFolder) throws(Fault) {}

  /// No rows.
  public func references(seeds: [UInt64]) throws(Fault) -> [RunResult] { [] }

  /// Runs a method in memory: nothing is written, nothing watches.
  public func run(_ method: String, seed: UInt64 = 0) throws(Fault) -> Product {
    try run(method, seed: seed, folder: nil, resume: false, observers: [])
  }

  /// Runs a method in a folder; nothing watches.
  public func run(
    _ method: String, seed: UInt64 = 0, folder: RunFolder, resume: Bool = false
  ) throws(Fault) -> Product {
    try run(method, seed: seed, folder: folder, resume: resume, observers: [])
  }
}

/// What a run leaves in memory.
public protocol LifeProduct {
  /// Whether the user stopped the run before its end.
  var wasStopped: Bool { get }
}
