import Dispatch
import Foundation
import PolyphonySupport

/// The thread that makes all predictions. It joins the samples of requests that wait at the same time.
///
/// libtorch divides one operation among all processors, so several threads would only stand in each other's way.
final class InferenceThread: @unchecked Sendable {
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

    /// The samples for a model; nil for other work.
    func samples(for model: ServedModel) -> Samples? {
      if case .shared(let own, let samples) = work, own === model { samples } else { nil }
    }
  }

  private let mostSamples: Int
  private let delay: Double
  /// Does a piece of work that no request waits for, and returns the seconds until there is more. Nil stands for none.
  private let background: @Sendable (_ isIdle: Bool) -> Double?
  private let changed = NSCondition()
  private var waiting: [Job] = []
  private var isStopped = false
  private var isRunning = true

  /// - Parameters:
  ///   - mostSamples: the most samples of a pass.
  ///   - delay: the most milliseconds that a request waits for others.
  ///   - background: does what no request waits for. The thread calls it before every pass, with true if no request waits.
  init(
    mostSamples: Int, delay: Double, background: @escaping @Sendable (_ isIdle: Bool) -> Double? = { _ in nil }
  ) {
    (self.mostSamples, self.delay, self.background) = (mostSamples, delay, background)
    let thread = Thread { [self] in run() }
    // Kernels keep their sums on the stack.
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// The number of requests that wait.
  var pending: Int { changed.withLock { waiting.count } }

  /// Waits for the predictions of a request.
  /// - Throws: `HTTPError` for a prediction that is no number, and after a stop.
  func predict(_ samples: Samples, by model: ServedModel) throws(HTTPError) -> [OutputTensor] {
    try wait(Job(.shared(model, samples))).get()
  }

  /// Waits for work on this thread that shares nothing with other requests.
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
      changed.signal()
      return true
    }
    if isTaken { job.done.wait() }
    return job.outcome
  }

  /// Ends the thread after the requests that wait.
  func stop() {
    changed.withLock {
      isStopped = true
      changed.broadcast()
      while isRunning { changed.wait() }
    }
  }

  private func run() {
    while let jobs = next() {
      let start = DispatchTime.now().uptimeNanoseconds
      switch jobs[0].work {
      case .alone(let body): body()
      case .shared(let model, _):
        let parts = jobs.compactMap { $0.samples(for: model) }
        for (job, outcome) in zip(jobs, model.predict(parts)) { job.outcome = outcome }
        let time = DispatchTime.now().uptimeNanoseconds - start
        model.metrics.didRun(parts, waits: jobs.map { start - $0.arrival }, time: time)
      }
      for job in jobs { job.done.signal() }
    }
    changed.withLock {
      isRunning = false
      changed.broadcast()
    }
  }

  /// Waits for requests: several to one model, or one that shares nothing. It is nil after a stop, when none waits any
  /// more.
  private func next() -> [Job]? {
    while true {
      let seconds = background(changed.withLock { waiting.isEmpty })
      if let jobs = changed.withLock({ waiting.isEmpty ? nil : gather() }) { return jobs }
      // There is more work at once.
      if seconds == 0 { continue }
      let isOver = changed.withLock {
        guard waiting.isEmpty, !isStopped else { return waiting.isEmpty }
        if let seconds {
          _ = changed.wait(until: Date().addingTimeInterval(seconds))
        } else {
          changed.wait()
        }
        return false
      }
      if isOver { return nil }
    }
  }

  /// Takes the oldest request, with others to the same model that come within the time.
  private func gather() -> [Job] {
    guard case .shared(let model, _) = waiting[0].work else { return [waiting.removeFirst()] }
    let waited = Double(DispatchTime.now().uptimeNanoseconds - waiting[0].arrival) / 1e6
    let end = Date().addingTimeInterval(max(0, delay - waited) / 1000)
    while !isStopped, count(for: model) < mostSamples, changed.wait(until: end) {}
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
    return jobs
  }

  private func count(for model: ServedModel) -> Int {
    waiting.reduce(0) { $0 + ($1.samples(for: model)?.count ?? 0) }
  }
}
