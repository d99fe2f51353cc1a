import Foundation
import Polyphony
import Testing
import Torch

@testable import PolyphonyService
@testable import PolyphonySupport

/// What the service does by the method of its streams.
extension StreamTests {
  /// The state of a stream belongs to its method.
  @Test func aStreamOfAnotherMethodBeginsAnew() throws {
    try withModels { folder, gestures in
      let state = "\(folder)/state"
      var first: [Float] = []
      // Both train norms, and the file says whose state it has.
      try serve(gestures, method: "tent", state: state) { served in
        first = try send(served.client, served, "a", 0, drift: 1)
        let second = try send(served.client, served, "a", 0, drift: 1)
        #expect(second != first)
      }
      try serve(gestures, method: "casp-contrast", state: state) { served in
        let anew = try send(served.client, served, "a", 0, drift: 1)
        #expect(anew == first)
        #expect(served.client.get("/v2/models/some/streams/a")?.json["samples"] == 4)
      }
      #expect(try names(in: "\(state)/some").count { $0.hasSuffix(".refused") } == 1)
    }
  }

  /// A request that is too small to learn from is answered, and its samples are counted.
  @Test func aSmallRequestIsAnswered() throws {
    try serve(method: "casp-contrast") { served in
      let client = served.client
      let first = try send(client, served, "a", 0, size: 1, drift: 1)
      #expect(try send(client, served, "a", 0, size: 1, drift: 1) == first && first.count == 3)
      _ = try send(client, served, "a", 1, drift: 1)
      let document = client.get("/v2/models/some/streams/a")?.json
      #expect(document?["skipped"] == 2 && document?["samples"] == 4 && document?["batches"] == 3)
      #expect(try send(client, served, "a", 0, size: 1, drift: 1) != first)
      #expect(client.get("/v2/models/some/streams/a")?.json["skipped"] == 3)
      #expect(
        client.get("/metrics")?.text.contains("polyphony_stream_skipped_samples_total{model=\"some\"} 3\n") == true)
    }
  }

  /// A method that needs earlier samples, or bins of a regression, is refused with those that work.
  @Test func otherMethodsAreRefused() throws {
    try withTemporaryFolder { folder in
      let classes = try PredictProgramTests.Gestures(folder)
      try makeFolder("\(folder)/values")
      let values = try BrokenData("\(folder)/values")
      func fault(_ method: String, _ model: String) -> Fault? {
        var options = PredictionService.Options(models: [ModelSource(name: "m", folder: model)])
        (options.port, options.streams) = (0, StreamOptions(method: method))
        return #expect(throws: Fault.self) { try PredictionService(options) }
      }
      let others = ["auto", "source", "norm", "eata", "sar", "mean-teacher", "casp", "casp-pseudo", "casp-random"]
      for method in others {
        let fault = fault(method, classes.model)
        #expect(fault?.kind == .usage && fault?.key == "--adapt" && fault?.found == method)
        #expect(fault?.problem == "this method cannot adapt streams that take turns")
        #expect(fault?.remedy?.contains("polyphony adapt --method \(method)") == true)
        for name in ["none"] + Self.methods + ["ssa", "for a classification"] {
          #expect(fault?.expected?.contains(name) == true, "\(method), \(name)")
        }
      }
      for method in ["tent", "read"] {
        let fault = fault(method, values.model)
        #expect(fault?.kind == .usage && fault?.key == "--adapt" && fault?.found == method)
        #expect(fault?.expected?.contains("none, inputs, ssa, casp-contrast") == true)
        #expect(fault?.expected?.hasSuffix("for a regression") == true && fault?.expected?.contains(method) == false)
      }
      let unknown = fault("tend", classes.model)
      #expect(unknown?.key == "--adapt" && unknown?.remedy == "did you mean `tent`?")
      #expect(unknown?.expected?.contains("casp-pseudo") == false)
      // A model without moments of its source.
      let without = fault("ssa", classes.model)
      #expect(without?.key == "--adapt" && without?.remedy?.contains("casp-contrast") == true)
    }
  }

  /// Sums of gradients depend on the number of threads. So a stream has all threads whenever it learns.
  @Test func workInTheBackgroundHasAllThreads() throws {
    let (usual, counts) = (Libtorch.threadCount, Locked<[Int]>([]))
    let threads = InferenceThreads(mostSamples: 4, delay: 0, passes: 2) { _ in
      counts.update { $0.append(Libtorch.threadCount) }
      return nil
    }
    let own = try threads.perform { () throws(HTTPError) in Libtorch.threadCount }
    threads.stop()
    #expect(own == usual && !counts.value.isEmpty && Set(counts.value) == [usual])
  }
}
