import Polyphony
import Testing

@Suite struct RunCounterTests {
  @Test func runsAreCounted() {
    let counter = RunCounter(methods: 2, seeds: 5)
    #expect(counter.heading == "10 runs: 2 methods × 5 seeds")
    #expect(counter.begin("joint, seed 0") == "joint, seed 0 (run 1 of 10)")
    #expect(counter.estimate(secondsPerRun: 120) == "all 10 runs take about 20:00")
    #expect(counter.estimate(secondsPerRun: 240) == nil, "the estimate stands once")
    #expect(counter.begin("joint, seed 1") == "joint, seed 1 (run 2 of 10)")
    #expect(RunCounter(methods: 1, seeds: 3).heading == "3 runs: 1 method × 3 seeds")
  }

  @Test func aSingleRunHasNoPlace() {
    let counter = RunCounter(methods: 1, seeds: 1)
    #expect(counter.heading == nil && counter.begin("") == "")
    #expect(counter.estimate(secondsPerRun: 60) == "the run takes about 1:00")
  }

  /// A method that trains nothing has no epoch, so a later run may be the first that is measured.
  @Test func aLaterRunMeasuresTheRest() {
    let counter = RunCounter(methods: 4, seeds: 1)
    for name in ["zero_fill", "head"] { _ = counter.begin(name) }
    #expect(counter.estimate(secondsPerRun: 20) == "the remaining 3 runs take about 1:00")
    let short = RunCounter(methods: 4, seeds: 1)
    #expect(short.begin("head") == "head (run 1 of 4)" && short.estimate(secondsPerRun: 1) == nil)
  }
}
