import Foundation
import Torch

extension AdaptLife {
  /// The names of all methods, `auto` included, which chooses among others.
  public static var knownMethods: [String] { AdaptationMethods.names + [MethodChoice.name] }
}

extension AdaptLife.Prepared {
  /// Runs the source and every candidate of a choice, each in `candidates/NAME` of the folder, and returns the product
  /// that the choice picks. Its adapter is also in the folder's `adapter`.
  ///
  /// A candidate that does not fit the model is left out, and a remark says so. For a regression whose model keeps no
  /// moments, there is nothing to compare, and the first candidate is taken.
  func choose(
    by choice: MethodChoice, seed: UInt64, folder: RunFolder?, resume: Bool, observers: [any AdaptationObserver]
  ) throws(Fault) -> AdaptLife.Product {
    try choice.check(isOnline: life.isOnline)
    let task = configuration.task
    let samples = try target(seed).samples
    guard AnswerUncertainty.canMeasure(try starts.model(seed: seed).model) else {
      let first = choice.candidates[0]
      var product = try adapt(first, seed: seed, folder: folder, resume: resume, observers: observers)
      product.outcome.notes.append("not chosen, but the first candidate: the model keeps no moments of its features")
      return product
    }
    let chain = ObserverChain(observers)
    var (products, uncertainty): ([String: AdaptLife.Product], [(method: String, value: Double)]) = ([:], [])
    var remarks: [String] = []
    for name in ["source"] + choice.candidates {
      do throws(Fault) {
        let inner = try folder.map { (folder) throws(Fault) in
          try RunFolder(folder.candidate(name), existing: resume ? .resume : .overwrite)
        }
        let product = try adapt(name, seed: seed, folder: inner, resume: resume, observers: [chain])
        chain.pass(product.outcome)
        if product.wasStopped { return product }
        let value = try BatchDivision(group: .current).decided(
          try AnswerUncertainty.of(
            product.installation.model, product.outcome.prediction, samples, method: MethodChoice.name,
            device: life.device))
        products[name] = product
        uncertainty.append((name, value))
      } catch {
        guard error.kind == .usage, !uncertainty.isEmpty else { throw error }
        remarks.append("\(name) is no candidate: \(error.problem)")
      }
    }
    var product = products[choice.pick(uncertainty)]!
    starts.exchange(for: product.installation)
    if let folder { try AdapterFolder.write(product.installation, product.description, to: folder.adapter) }
    let values = uncertainty.map { "\($0.method) \(String(format: "%.3g", $0.value))" }.joined(separator: ", ")
    product.outcome.notes += ["chosen: \(product.outcome.method) (\(AnswerUncertainty.name(for: task)): \(values))"]
    product.outcome.notes += remarks
    return product
  }
}

/// Passes the course of several adaptations on to observers as if it were one: epochs and steps count on.
private final class ObserverChain: AdaptationObserver {
  private let observers: [any AdaptationObserver]
  private var (epochs, steps) = (0, 0)

  init(_ observers: [any AdaptationObserver]) { self.observers = observers }

  /// Counts a finished adaptation.
  func pass(_ outcome: AdaptationOutcome) {
    epochs += outcome.records.last?.epoch ?? 0
    steps += outcome.records.last?.step ?? 0
  }

  func willStart(_ method: String, completedEpochs: Int, step: Int, notes: [String]) throws(Fault) {
    for observer in observers {
      try observer.willStart(method, completedEpochs: epochs + completedEpochs, step: steps + step, notes: notes)
    }
  }

  func didStep(epoch: Int, epochs: Int, step: Int, steps: Int, loss: Double?) {
    for observer in observers {
      observer.didStep(epoch: self.epochs + epoch, epochs: self.epochs + epochs, step: step, steps: steps, loss: loss)
    }
  }

  func didEnd(_ record: AdaptationRecord) throws(Fault) {
    var record = record
    (record.epoch, record.step) = (epochs + record.epoch, steps + record.step)
    for observer in observers { try observer.didEnd(record) }
  }

  func didReturn(_ report: CollapseRecord) throws(Fault) {
    var report = report
    (report.epoch, report.step) = (epochs + report.epoch, steps + report.step)
    for observer in observers { try observer.didReturn(report) }
  }
}
