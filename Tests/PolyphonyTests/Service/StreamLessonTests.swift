import Polyphony
import Testing

@testable import PolyphonyService
@testable import PolyphonySupport

/// The lessons of streams have their turn, whatever else the service does.
@Suite struct StreamLessonTests {
  /// A model with streams, without a service.
  private func withStreams(_ body: (_ streams: ModelStreams, _ reader: SampleReader) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let gestures = try PredictProgramTests.Gestures(folder)
      let source = ModelSource(name: "m", folder: gestures.model)
      var options = PredictionService.Options(models: [source])
      options.streams = StreamOptions(method: "inputs")
      let model = try ServedModel(source, options, metrics: ModelMetrics(model: "m"))
      try body(try #require(model.streams), model.reader)
    }
  }

  /// Requests of others that never end keep no stream from learning, and so none from its file.
  @Test func aLessonDoesNotWaitForAPause() throws {
    try withStreams { streams, reader in
      let mark = try #require(try SequenceMark(try SequenceParameters(nil), field: "a"))
      _ = try streams.predict(reader.zeros(), mark, isShadow: false)
      let stream = try #require(try streams.find("a"))
      // The requests that wait may be gone before the thread can take one. So it looks again soon.
      let seconds = try #require(streams.work(isIdle: false))
      #expect(seconds > 0 && seconds < 1 && streams.waiting(for: stream) == 1)
      streams.hurry()
      #expect(streams.work(isIdle: false) == 0)
      #expect(streams.waiting(for: stream) == 0 && stream.state.samples == 1)
      #expect(streams.work(isIdle: false) == nil)
    }
  }

  /// A model that goes out of service has no streams in memory, and the figures say so.
  @Test func aClosedModelHasNoStreams() throws {
    try withStreams { streams, reader in
      let mark = try #require(try SequenceMark(try SequenceParameters(nil), field: "a"))
      _ = try streams.predict(reader.zeros(), mark, isShadow: false)
      #expect(streams.metrics.counts.streams == 1)
      streams.close()
      #expect(streams.metrics.counts.streams == 0 && streams.streams.isEmpty)
      #expect(throws: HTTPError.self) { try streams.predict(reader.zeros(), mark, isShadow: false) }
    }
  }
}
