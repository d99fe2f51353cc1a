import Dispatch
import Foundation
import PolyphonySupport
import Torch

/// The threads that make all predictions. Each joins the samples of requests that wait at the same time.
///
/// libtorch divides one operation among the processors, and they wait for each other at its end. Several passes at a time
/// that share the processors wait less. While one thread joins samples, another one computes. Work that shares nothing
/// with other requests belongs to the first thread alone.
final class InferenceThreads: @unchecked Sendable {
  /// The answer to a request.
  typealias Outcome = Result<[OutputTensor], HTTPError>

  /// A request that waits for its answer.
  private final class Job: @unchecked Sendable {
    /// The work of a request.
    enum Work {
      /// Samples that share a pass with others.
      case shared(ServedModel, Samples)
      /// Work that shares nothing.
      case alone(() -> Void)
    }

    let work: Work
    let arrival = DispatchTime.now().uptimeNanoseconds
    let done = DispatchSemaphore(value: 0)
    /// Set before `done` is signalled, and read after it.
    var outcome: Outcome = .failure(stopped)

    init(_ work: Work) { self.work = work }

    /// The model of samples that share a pass; nil for other work.
    var model: ServedModel? { if case .shared(let model, _) = work { model } else { nil } }

    /// The samples for a model; nil for other work.
    func samples(for model: ServedModel) -> Samples? {
      if case .shared(let own, let samples) = work, own === model { samples } else { nil }
    }
  }

  private let mostSamples: Int
  private let delay: Double
  /// The threads of an operation: in a pass beside others, and in other work.
  private let operationThreads: (shared: Int, alone: Int)
  /// Does a piece of work that no request waits for, and returns the seconds until there is more. Nil stands for none.
  private let background: @Sendable (_ isIdle: Bool) -> Double?
  private let changed = NSCondition()
  private var waiting: [Job] = []
  /// The models for which a thread waits for further requests. One thread does for each.
  private var gathering: [ServedModel] = []
  /// The number of requests that threads have taken and not answered.
  private var taken = 0
  private var isStopped = false
  private var running: Int
  /// Counts the clients that can have a request here, each one at a time. It is set before the first request.
  nonisolated(unsafe) var clients: () -> Int = { .max }

  /// - Parameters:
  ///   - mostSamples: the most samples of a pass.
  ///   - delay: the most milliseconds that a request waits for others.
  ///   - passes: the most passes at a time. They divide the threads of an operation.
  ///   - background: does what no request waits for. The first thread calls it before each of its passes, with true if no
  ///     request waits.
  init(
    mostSamples: Int, delay: Double, passes: Int = 1,
    background: @escaping @Sendable (_ isIdle: Bool) -> Double? = { _ in nil }
  ) {
    (self.mostSamples, self.delay, self.background) = (mostSamples, delay, background)
    let threads = Libtorch.threadCount
    (running, operationThreads) = (passes, (max(1, threads / passes), threads))
    for place in 0..<passes {
      let thread = Thread { [self] in run(isFirst: place == 0) }
      // Kernels keep their sums on the stack.
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  /// The number of requests that wait.
  var pending: Int { changed.withLock { waiting.count } }

  /// Waits for the predictions of a request.
  /// - Throws: `HTTPError` for a prediction that is no number, and after a stop.
  func predict(_ samples: Samples, by model: ServedModel) throws(HTTPError) -> [OutputTensor] {
    try wait(Job(.shared(model, samples))).get()
  }

  /// Waits for work on the first thread that shares nothing with other requests.
  /// - Throws: The error of `body`, and `HTTPError(503)` after a stop.
  func perform<Value>(_ body: @escaping () throws(HTTPError) -> Value) throws(HTTPError) -> Value {
    let outcome = Locked<Result<Value, HTTPError>>(.failure(Self.stopped))
    _ = wait(Job(.alone { outcome.value = Result(catching: body) }))
    return try outcome.value.get()
  }

  private static let stopped = HTTPError(503, "the service stops")

  private func wait(_ job: Job) -> Outcome {
    let isTaken = changed.withLock {
      guard !isStopped else { return false }
      waiting.append(job)
      // A thread that gathers need not look at a pass that is not full yet.
      let isSoon = job.model.map { isGathering($0) && count(for: $0) < mostSamples && mayGrow } ?? false
      if !isSoon { changed.broadcast() }
      return true
    }
    if isTaken { job.done.wait() }
    return job.outcome
  }

  /// Ends the threads after the requests that wait.
  func stop() {
    changed.withLock {
      isStopped = true
      changed.broadcast()
      while running > 0 { changed.wait() }
    }
  }

  private func run(isFirst: Bool) {
    if isDivided { Libtorch.limitThisThread(to: operationThreads.shared) }
    while let jobs = next(isFirst: isFirst) {
      let start = DispatchTime.now().uptimeNanoseconds
      switch jobs[0].work {
      case .alone(let body): alone(body)
      case .shared(let model, _):
        let parts = jobs.compactMap { $0.samples(for: model) }
        for (job, outcome) in zip(jobs, model.predict(parts)) { job.outcome = outcome }
        let time = DispatchTime.now().uptimeNanoseconds - start
        model.metrics.didRun(parts, waits: jobs.map { start - $0.arrival }, time: time)
      }
      changed.withLock { taken -= jobs.count }
      for job in jobs { job.done.signal() }
    }
    changed.withLock {
      running -= 1
      changed.broadcast()
    }
  }

  private var isDivided: Bool { operationThreads.shared < operationThreads.alone }

  /// Does work that shares nothing, with all threads. Sums of gradients depend on the number of threads, and what a stream
  /// learns must not depend on when it learns.
  private func alone<Value>(_ body: () -> Value) -> Value {
    guard isDivided else { return body() }
    Libtorch.limitThisThread(to: operationThreads.alone)
    defer { Libtorch.limitThisThread(to: operationThreads.shared) }
    return body()
  }

  /// Waits for requests: several to one model, or one that shares nothing. It is nil after a stop, when none waits any
  /// more.
  private func next(isFirst: Bool) -> [Job]? {
    while true {
      let seconds = isFirst ? alone { background(changed.withLock { waiting.isEmpty }) } : nil
      var isOver = false
      let jobs: [Job]? = changed.withLock {
        if let jobs = take(isFirst: isFirst) {
          taken += jobs.count
          return jobs
        }
        isOver = isStopped && !waiting.contains { isFirst || $0.model != nil }
        // There is more work at once.
        guard !isOver, seconds != 0 else { return nil }
        if let seconds {
          _ = changed.wait(until: Date().addingTimeInterval(seconds))
        } else {
          changed.wait()
        }
        return nil
      }
      if jobs != nil || isOver { return jobs }
    }
  }

  /// Takes the oldest request that this thread may run, and all that share its pass. It is nil if there is none.
  private func take(isFirst: Bool) -> [Job]? {
    let place = waiting.firstIndex { job in job.model.map { !isGathering($0) } ?? isFirst }
    guard let place else { return nil }
    guard let model = waiting[place].model else { return [waiting.remove(at: place)] }
    return gather(for: model, since: waiting[place].arrival)
  }

  /// Takes requests to one model that come within the time, the oldest first.
  private func gather(for model: ServedModel, since arrival: UInt64) -> [Job] {
    let waited = Double(DispatchTime.now().uptimeNanoseconds - arrival) / 1e6
    let end = Date().addingTimeInterval(max(0, delay - waited) / 1000)
    gathering.append(model)
    while !isStopped, count(for: model) < mostSamples, mayGrow, changed.wait(until: end) {}
    gathering.removeAll { $0 === model }
    var (jobs, rest, count): ([Job], [Job], Int) = ([], [], 0)
    var isFull = false
    for job in waiting {
      // The order of requests to one model stays.
      if !isFull, let samples = job.samples(for: model), jobs.isEmpty || count + samples.count <= mostSamples {
        jobs.append(job)
        count += samples.count
      } else {
        isFull = isFull || job.samples(for: model) != nil
        rest.append(job)
      }
    }
    waiting = rest
    // Another thread may gather what is left.
    if !rest.isEmpty { changed.broadcast() }
    return jobs
  }

  /// False if every client has a request here already, so that none can come before an answer.
  private var mayGrow: Bool { waiting.count + taken < clients() }

  private func isGathering(_ model: ServedModel) -> Bool { gathering.contains { $0 === model } }

  private func count(for model: ServedModel) -> Int {
    waiting.reduce(0) { $0 + ($1.samples(for: model)?.count ?? 0) }
  }
}
