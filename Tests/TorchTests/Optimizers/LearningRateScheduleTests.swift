import Foundation
import Testing
import Torch

@Suite struct LearningRateScheduleTests {
  private static let fixture = Fixture("schedule")

  /// The rule of a case. Nil for rules that ``LearningRateSchedule`` lacks (higher is better, absolute thresholds).
  private func rule(_ fixture: FixtureCase) -> LearningRateSchedule.Rule? {
    let base = fixture.number("lr")!
    switch fixture.name.split(separator: ".")[0] {
    case "step": return .step(size: fixture.integer("step_size")!, gamma: fixture.number("gamma")!)
    case "cosine":
      return .cosine(
        warmup: fixture.integer("warmup")!, total: fixture.integer("total")!, floor: fixture.number("minimum")! / base)
    default:
      guard fixture.options["mode"] == nil, fixture.options["threshold_mode"] == nil else { return nil }
      return .plateau(
        factor: fixture.number("factor")!, patience: fixture.integer("patience")!, threshold: 1e-4,
        cooldown: fixture.integer("cooldown") ?? 0, floor: (fixture.number("min_lr") ?? 0) / base)
    }
  }

  @Test(arguments: fixture.cases)
  func followsPyTorch(fixture: FixtureCase) throws {
    guard let rule = rule(fixture) else { return }
    var schedule = LearningRateSchedule(rule)
    var rates: [Double] = []
    let losses = fixture.has("losses") ? fixture["losses"].doubles : nil
    for index in 0..<fixture["rates"].count {
      rates.append(fixture.number("lr")! * schedule.factor)
      schedule.endStep()
      if !fixture.name.hasPrefix("cosine") { schedule.endEpoch(loss: losses.map { $0[min(index, $0.count - 1)] } ?? 0) }
    }
    expectClose(rates, fixture["rates"].doubles, relative: 1e-12)
  }

  /// A schedule that was saved as JSON at any time continues like the original.
  @Test(arguments: fixture.cases)
  func aSavedScheduleGoesOn(fixture: FixtureCase) throws {
    guard let rule = rule(fixture) else { return }
    var schedule = LearningRateSchedule(rule)
    for epoch in 0..<20 {
      let data = try JSONEncoder().encode(schedule)
      let saved = try JSONDecoder().decode(LearningRateSchedule.self, from: data)
      #expect(saved == schedule, "epoch \(epoch)")
      schedule = saved
      schedule.endStep()
      schedule.endEpoch(loss: [1, 0.9, 0.95, 1.2, 0.5][epoch % 5])
    }
  }

  @Test func constant() {
    var schedule = LearningRateSchedule(.constant)
    for _ in 0..<3 {
      schedule.endStep()
      schedule.endEpoch(loss: .nan)
      #expect(schedule.factor == 1)
    }
  }

  @Test func aLossThatIsNoNumberIsNoImprovement() {
    var schedule = LearningRateSchedule(.plateau(factor: 0.5, patience: 0, threshold: 0))
    schedule.endEpoch(loss: 1)
    schedule.endEpoch(loss: .nan)
    #expect(schedule.factor == 0.5)
    schedule.endEpoch(loss: 0.5)
    #expect(schedule.factor == 0.5)
  }
}
