import Dispatch
import Foundation
import PolyphonySupport

/// The thread that makes all predictions. It joins the samples of requests that wait at the same time.
///
/// libtorch divides one operation among all processors, so several threads would only stand in each other's way.
final class InferenceThread: @unchecked Sendable {
  /// A request that waits for its answer.
  private final class Job: @unchecked Sendable {
    let model: ServedModel
    let samples: Samples
    let arrival = DispatchTime.now().uptimeNanoseconds
    let done = DispatchSemaphore(value: 0)
    /// Set before `done` is signalled, and read after it.
    var outcome: Result<[OutputTensor], HTTPError> = .failure(HTTPError(503, "the service stops"))

    init(_ model: ServedModel, _ samples: Samples) { (self.model, self.samples) = (model, samples) }
  }

  private let mostSamples: Int
  private let delay: Double
  private let changed = NSCondition()
  private var waiting: [Job] = []
  private var isStopped = false
  private var isRunning = false

  /// - Parameters:
  ///   - mostSamples: the most samples of a pass.
  ///   - delay: the most milliseconds that a request waits for others.
  init(mostSamples: Int, delay: Double) {
    (self.mostSamples, self.delay) = (mostSamples, delay)
    isRunning = true
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
    let job = Job(model, samples)
    let isTaken = changed.withLock {
      guard !isStopped else { return false }
      waiting.append(job)
      changed.signal()
      return true
    }
    if isTaken { job.done.wait() }
    return try job.outcome.get()
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
      let (model, start) = (jobs[0].model, DispatchTime.now().uptimeNanoseconds)
      let outcomes = model.predict(jobs.map(\.samples))
      let end = DispatchTime.now().uptimeNanoseconds
      for (job, outcome) in zip(jobs, outcomes) { job.outcome = outcome }
      model.metrics.didRun(
        jobs.map(\.samples), waits: jobs.map { start - $0.arrival }, time: end - start)
      for job in jobs { job.done.signal() }
    }
    changed.withLock {
      isRunning = false
      changed.broadcast()
    }
  }

  /// Waits for requests to one model. It is nil after a stop, when none waits any more.
  private func next() -> [Job]? {
    changed.withLock {
      while waiting.isEmpty {
        guard !isStopped else { return nil }
        changed.wait()
      }
      let model = waiting[0].model
      let waited = Double(DispatchTime.now().uptimeNanoseconds - waiting[0].arrival) / 1e6
      let end = Date().addingTimeInterval(max(0, delay - waited) / 1000)
      while !isStopped, samples(for: model) < mostSamples, changed.wait(until: end) {}
      var (jobs, rest, count): ([Job], [Job], Int) = ([], [], 0)
      for job in waiting {
        // The order of requests to one model stays.
        guard job.model === model, rest.allSatisfy({ $0.model !== model }),
          jobs.isEmpty || count + job.samples.count <= mostSamples
        else {
          rest.append(job)
          continue
        }
        jobs.append(job)
        count += job.samples.count
      }
      waiting = rest
      return jobs
    }
  }

  private func samples(for model: ServedModel) -> Int {
    waiting.reduce(0) { $0 + ($1.model === model ? $1.samples.count : 0) }
  }
}
